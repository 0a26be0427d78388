"""Simple rounds in Chinese."""

from functools import cache
from random import Random

from demo_training.data.chinese_words import told_in_chinese
from demo_training.data.code import run_cell, shortened
from demo_training.data.code.chinese import chinese_task
from demo_training.data.episode import Call, Round, json_call
from demo_training.data.functions import (
    Offer,
    Parameter,
    Template,
    kind_of,
    load_templates,
    offer,
    use,
)
from demo_training.data.values import TRAINING, Value, words
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


@cache
def templates() -> tuple[Template, ...]:
    """The functions with several arguments."""
    return load_templates("chinese.toml")


def function_round(random: Random) -> tuple[Offer, Round]:
    """A question for a function: two times of three for one with several arguments, else for one with a single one."""
    if random.random() < 0.34:
        return _single_argument_round(random)
    offered = offer(random.choice(templates()), random, TRAINING)
    used = use(offered, random, TRAINING)
    call = json_call(offered.spec.name, used.arguments, used.result)
    result = {key: Value(str(value), value) for key, value in used.result.items()}
    facts = tuple(value.said for value in result.values())
    return offered, Round("Chinese", used.request, (call,), told_in_chinese(result), facts)


def _single_argument_round(random: Random) -> tuple[Offer, Round]:
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
    return offered, Round(
        "Chinese",
        random.choice(questions).format(c=value),
        (call,),
        told_in_chinese(drawn),
        tuple(each.said for each in drawn.values()),
    )


def python_round(random: Random) -> Round:
    """Arithmetic, lists, stories and dates, at times with the wish that `python` be used."""
    task = chinese_task(random, PEOPLE, ITEMS, TRAINING.dictionary)
    hint = random.random()
    request = task.request
    if hint < 0.1:
        request = (
            random.choice(("用python算一下：", "请用python计算：", "用Python回答：")) + request
        )
    elif hint < 0.18:
        request = random.choice(("你好，", "请问，", "帮我算一下：", "麻烦你，")) + request
    output = run_cell(task.code)
    fact = shortened(output)
    answer = random.choice((f"结果是{fact}。", f"答案是{fact}。"))
    if output in ("True", "False"):
        answer, fact = ("是的。", "是") if output == "True" else ("不是。", "不是")
    return Round(
        "Chinese",
        request,
        (Call("python", task.code, (Observation(output),)),),
        answer,
        (fact,),
    )


def chat_round(random: Random) -> Round:
    """Small talk."""
    user, answer = random.choice(SMALL_TALK)
    return Round("Chinese", user, (), answer)
