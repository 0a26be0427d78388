"""Simple rounds in Chinese."""

from random import Random

from demo_training.data.code import Task, run_cell, shortened
from demo_training.data.episode import Call, Round, json_call
from demo_training.data.functions import Offer, Parameter, Template, kind_of, offer
from demo_training.data.values import TRAINING, words
from glm_tools.tool import Observation

CITIES = words(
    "北京, 上海, 广州, 深圳, 杭州, 成都, 南京, 武汉, 西安, 重庆, 苏州, 天津, 东京, 巴黎, 伦敦, 纽约"
)
PEOPLE = words("小明, 小红, 王伟, 李娜, 张强, 刘洋, 陈静, 赵磊")
ITEMS = words("苹果, 书, 铅笔, 糖果, 鸡蛋, 杯子, 椅子, 票")

SMALL_TALK = (
    ("你好", "你好！有什么可以帮你的吗？"), ("您好！", "您好！请问需要什么帮助？"), ("你是谁？", "我是一个小型演示助手。"),
    ("谢谢", "不客气！"), ("谢谢你的帮助", "不客气，很高兴能帮到你。"), ("再见", "再见，祝你愉快！"),
    ("早上好", "早上好！需要我做什么？"), ("晚安", "晚安，做个好梦。"), ("你会做什么？", "我可以回答简单的问题，也可以调用工具。"),
    ("中国的首都是哪里？", "中国的首都是北京。"), ("一年有几个月？", "一年有十二个月。"), ("一周有几天？", "一周有七天。"),
)  # fmt: skip

# (names, description in both languages, argument, questions, results, answers); {c} is the argument.
_TOOLS = (
    ("get_weather weather query_weather", "Get the current weather for a city|查询城市天气", "city", CITIES,
     ("{c}今天天气怎么样？", "{c}的天气如何？", "请问{c}现在多少度？", "帮我查一下{c}的天气", "{c}下雨了吗？"),
     {"temperature": "int -8 36", "condition": "晴|多云|小雨|阴"}, ("{c}现在{condition}，气温{temperature}度。",)),
    ("get_time current_time", "Get the current time in a city|查询城市当前时间", "city", CITIES,
     ("{c}现在几点？", "现在{c}是几点了？", "告诉我{c}的时间"), {"time": "time"}, ("{c}现在是{time}。",)),
    ("get_population city_population", "Get the population of a city|查询城市人口", "city", CITIES,
     ("{c}有多少人口？", "查一下{c}的人口"), {"population": "int 100000 9000000"}, ("{c}的人口是{population}。",)),
    ("find_phone get_contact", "Find the phone number of a person|查找联系人电话", "name", PEOPLE,
     ("{c}的电话是多少？", "帮我找一下{c}的号码", "我想给{c}打电话"), {"phone": "phone"}, ("{c}的电话是{phone}。",)),
    ("get_price product_price", "Get the price of a product|查询商品价格", "product", ITEMS,
     ("{c}多少钱？", "请查询{c}的价格", "买一个{c}要多少钱？"), {"price": "money"}, ("{c}的价格是{price}元。",)),
    ("send_message send_sms", "Send a message to a person|给联系人发送消息", "name", PEOPLE,
     ("给{c}发一条消息", "请发消息给{c}"), {"status": "sent"}, ("已经给{c}发送了消息。",)),
)  # fmt: skip


def function_round(random: Random) -> tuple[Offer, Round]:
    """A question for a function with one argument."""
    names, description, key, values, questions, results, answers = random.choice(_TOOLS)
    value = random.choice(values)
    parameter = Parameter(kind_of("|".join(values)), (key,), "")
    kinds = {
        field: kind_of(kind) if "|" in kind or kind != "sent" else kind_of("sent|ok")
        for field, kind in results.items()
    }
    template = Template(
        tuple(names.split()),
        tuple(description.split("|")),
        {key: parameter},
        (f"{{{key}}}",),
        kinds,
        answers,
    )
    offered = offer(template, random, TRAINING)
    drawn = {field: kind.draw(random, TRAINING) for field, kind in kinds.items()}
    call = json_call(
        offered.spec.name, {key: value}, {field: each.json for field, each in drawn.items()}
    )
    said = {field: each.said for field, each in drawn.items()}
    answer = random.choice(answers).format(c=value, **said)
    return offered, Round(
        "Chinese",
        random.choice(questions).format(c=value),
        (call,),
        answer,
        tuple(said[f] for f in said if said[f] in answer),
    )


def python_round(random: Random) -> Round:
    """Arithmetic and simple lists."""
    a, b, sign = random.randint(2, 999), random.randint(2, 99), random.choice("+-*/")
    word = {"+": "加", "-": "减", "*": "乘以", "/": "除以"}[sign]
    values = [random.randint(1, 100) for _ in range(random.randint(3, 6))]
    listed = random.choice(("、", ", ")).join(str(value) for value in values)
    name, item = random.choice(PEOPLE), random.choice(ITEMS)
    simple = random.choice(
        (
            f"{a}{word}{b}等于多少？",
            f"请计算 {a} {sign} {b}",
            f"{a} {sign} {b} 是多少？",
            f"用python计算{a}{word}{b}。",
        )
    )
    task = random.choice((
        Task(simple, f"print({a} {sign} {b})"), Task(simple, f"print({a} {sign} {b})"),
        Task(random.choice((f"{listed} 的平均数是多少？", f"求 {listed} 的平均值")), f"print(sum({values}) / len({values}))"),
        Task(random.choice((f"{listed} 的和是多少？", f"请把 {listed} 加起来")), f"print(sum({values}))"),
        Task(f"{listed} 中最大的数是多少？", f"print(max({values}))"),
        Task(f"请把 {listed} 从小到大排序", f"print(sorted({values}))"),
        Task(f"{name}有{a}个{item}，又买了{b}个，现在有多少个？", f"print({a} + {b})"),
        Task(f"{name}有{a + b}个{item}，给了别人{b}个，还剩多少个？", f"print({a + b} - {b})"),
        Task(f"每盒有{b}个{item}，{a}盒一共有多少个？", f"print({b} * {a})"),
        Task(f"{b}的平方是多少？", f"print({b} ** 2)"),
        Task(random.choice((f"{listed} 中最小的数是多少？", f"在 {listed} 里，最小的是哪个？")), f"print(min({values}))"),
        Task(f"请把 {listed} 从大到小排序", f"print(sorted({values}, reverse=True))"),
        Task(random.choice((f"{a}的{b}%是多少？", f"请算出{a}的百分之{b}")), f"print({a} * {b} / 100)"),
        Task(f"{a}除以{b}的余数是多少？", f"print({a} % {b})"),
        Task(random.choice((f"一个{item}{b}元，{name}买了{a}个，一共多少钱？", f"{name}每天跑{b}公里，{a}天跑多少公里？")), f"print({b} * {a})"),
        Task(f"长{a}米、宽{b}米的房间面积是多少？", f"print({a} * {b})"),
        Task(f"从2024-03-{b % 28 + 1:02d}到2025-01-15有多少天？", f"from datetime import date\nprint((date(2025, 1, 15) - date(2024, 3, {b % 28 + 1})).days)"),
        Task(random.choice((f"2023-05-{b % 28 + 1:02d}是星期几？", f"2023年5月{b % 28 + 1}日是星期几？")), f"from datetime import date\nprint(date(2023, 5, {b % 28 + 1}).strftime('%A'))"),
    ))  # fmt: skip
    output = run_cell(task.code)
    fact = shortened(output)
    answer = random.choice((f"结果是{fact}。", f"答案是{fact}。"))
    return Round(
        "Chinese",
        task.request,
        (Call("python", task.code, (Observation(output),)),),
        answer,
        (fact,),
    )


def chat_round(random: Random) -> Round:
    """Small talk."""
    user, answer = random.choice(SMALL_TALK)
    return Round("Chinese", user, (), answer)
