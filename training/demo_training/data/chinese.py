"""Simple rounds in Chinese."""

from dataclasses import replace
from functools import cache
from random import Random

from demo_training.data.chinese_words import (
    NUMERALS,
    SURNAMES,
    another,
    said_date,
    said_member,
    said_time,
    told_in_chinese,
)
from demo_training.data.code import run_cell, shortened
from demo_training.data.code.chinese import chinese_task
from demo_training.data.episode import Call, Episode, Round, json_call
from demo_training.data.functions import (
    Offer,
    Parameter,
    Template,
    Use,
    kind_of,
    load_templates,
    offer,
    use,
)
from demo_training.data.questions import Question, Table, load_questions, load_tables
from demo_training.data.values import KINDS, TRAINING, Value, words
from glm_tools.tool import Observation

CITIES = words(
    """北京, 上海, 广州, 深圳, 杭州, 成都, 南京, 武汉, 西安, 重庆, 苏州, 天津, 东京, 巴黎, 伦敦, 纽约, 长沙, 青岛, 大连, 厦门, 昆明,
    沈阳, 郑州, 济南, 福州, 合肥, 哈尔滨, 长春, 南昌, 贵阳, 兰州, 海口, 三亚, 桂林, 无锡, 宁波, 温州, 珠海, 香港, 台北, 柏林, 罗马, 首尔,
    曼谷, 悉尼, 莫斯科, 马德里, 多伦多, 新加坡, 洛杉矶"""
)
_GIVEN = words(
    "伟, 娜, 强, 洋, 静, 磊, 丽, 敏, 军, 杰, 明, 芳, 红, 勇, 建国, 小红, 小明, 志强, 文静, 海燕, 玉兰, 国庆, 晓东, 雨, 雪, 子涵, 思远, 美玲, 大伟, 春花"
)
PEOPLE = (
    *words("小明, 小红, 小李, 小王, 小张, 老王, 老李, 妈妈, 爸爸, 张老师, 李医生, 王经理"),
    *(surname + given for surname in SURNAMES for given in _GIVEN[::3]),
)
ITEMS = words(
    """苹果, 书, 铅笔, 糖果, 鸡蛋, 杯子, 椅子, 票, 橘子, 香蕉, 桃子, 西瓜, 饼干, 面包, 本子, 橡皮, 气球, 皮球, 玩具, 盘子, 灯泡, 花盆, 袋子,
    箱子, 包子, 饺子, 月饼, 红包, 邮票, 卡片, 积木, 瓶子"""
)
_GOODS = words(
    """手机, 电脑, 电视, 冰箱, 洗衣机, 自行车, 台灯, 书包, 手表, 相机, 耳机, 键盘, 鼠标, 雨伞, 毛巾, 牙刷, 茶杯, 水壶, 电饭锅, 沙发, 桌子, 床垫, 窗帘,
    运动鞋, 外套, 帽子, 围巾, 手套, 眼镜, 钱包, 打印机, 空气净化器"""
)
_DISHES = words(
    "宫保鸡丁, 牛肉面, 麻婆豆腐, 番茄炒蛋, 小笼包, 酸辣粉, 扬州炒饭, 红烧肉, 糖醋鱼, 北京烤鸭, 饺子, 春卷, 火锅, 蛋炒饭, 鱼香肉丝, 青椒肉丝, 豆浆, 馄饨"
)
_BOOKS = words(
    "西游记, 红楼梦, 三国演义, 水浒传, 小王子, 平凡的世界, 围城, 骆驼祥子, 老人与海, 城南旧事, 朝花夕拾, 家, 边城, 活着, 十万个为什么"
)
_WORDS = words(
    "苹果, 朋友, 老师, 学校, 春天, 音乐, 电脑, 飞机, 快乐, 美丽, 勇敢, 太阳, 月亮, 大海, 生日, 早饭, 火车, 医院, 图书馆, 自行车"
)
_COMPANIES = words("华兴, 东方, 长江, 天河, 星光, 海山, 金龙, 红日, 大地, 新月, 南山, 北海")

# Parameters of which nobody names two at once: texts, the ends of a way, when.
_NOT_TWO = frozenset(
    ("text", "note", "message", "content", "task", "body", "subject_line", "origin", "destination", "source", "target",
     "date", "time", "address", "phone", "account", "value", "label", "remark", "song")
)  # fmt: skip
# (names, description in both languages, argument, questions, results); {c} is the argument.
_TOOLS = (
    ("get_weather weather query_weather", "Get the current weather for a city|查询城市天气", "city", CITIES,
     ("{c}今天天气怎么样？", "{c}的天气如何？", "请问{c}现在多少度？", "帮我查一下{c}的天气", "{c}下雨了吗？", "{c}冷不冷？", "今天{c}热吗？", "我明天去{c}，那里天气好吗？", "{c}天气", "查询{c}的天气情况。"),
     {"temperature": "int -8 36", "condition": "晴|多云|小雨|阴|大雪|有风"}),
    ("get_time current_time local_time", "Get the current time in a city|查询城市当前时间", "city", CITIES,
     ("{c}现在几点？", "现在{c}是几点了？", "告诉我{c}的时间", "{c}几点了", "请问{c}当地时间是多少？", "我要给{c}的朋友打电话，那边几点？"), {"time": "time"}),
    ("get_population city_population", "Get the population of a city|查询城市人口", "city", CITIES,
     ("{c}有多少人口？", "查一下{c}的人口", "{c}住着多少人？", "{c}的人口是多少？", "请问{c}有多少人？"), {"population": "int 100000 9000000"}),
    ("get_air_quality air_quality", "Get the air quality of a city|查询空气质量", "city", CITIES,
     ("{c}的空气质量怎么样？", "{c}空气好吗？", "查一下{c}的空气质量", "今天{c}有雾霾吗？"), {"index": "int 10 400", "level": "优|良|轻度污染|重度污染"}),
    ("find_phone get_contact phone_of", "Find the phone number of a person|查找联系人电话", "name", PEOPLE,
     ("{c}的电话是多少？", "帮我找一下{c}的号码", "我想给{c}打电话，号码是多少？", "{c}的手机号是什么？", "查{c}的电话号码", "怎么联系{c}？"), {"phone": "phone"}),
    ("get_email find_email email_of", "Find the e-mail address of a person|查找邮箱", "name", PEOPLE,
     ("{c}的邮箱是什么？", "请告诉我{c}的邮箱地址。", "查一下{c}的电子邮箱", "我要给{c}发邮件，地址是什么？"), {"email": "email"}),
    ("get_birthday birthday_of", "Find the birthday of a person|查询生日", "name", PEOPLE,
     ("{c}的生日是哪天？", "{c}什么时候过生日？", "查一下{c}的生日", "{c}是哪天出生的？"), {"birthday": "date"}),
    ("get_age age_of_person", "Find the age of a person|查询年龄", "person", PEOPLE,
     ("{c}几岁了？", "{c}多大了？", "查一下{c}的年龄", "{c}今年多少岁？"), {"age": "int 5 80"}),
    ("find_address address_of", "Find the address of a person|查找地址", "name", PEOPLE,
     ("{c}住在哪里？", "{c}的地址是什么？", "请查{c}的住址。", "{c}家在哪儿？"), {"address": "人民路12号|中山路88号|学院路5号|解放街36号|花园路7号|和平街21号|长江路60号"}),
    ("get_price product_price check_price", "Get the price of a product|查询商品价格", "product", (*_GOODS, *ITEMS),
     ("{c}多少钱？", "请查询{c}的价格", "买一个{c}要多少钱？", "{c}的价格是多少？", "{c}怎么卖？", "现在{c}贵不贵？", "帮我看看{c}的价钱。"), {"price": "money"}),
    ("check_stock get_stock stock_of", "How many pieces of a product are left|查询库存", "product", (*_GOODS, *ITEMS),
     ("{c}还有货吗？", "{c}的库存是多少？", "还剩多少{c}？", "查一下{c}的库存", "仓库里有几个{c}？"), {"stock": "int 0 900"}),
    ("send_message send_sms message", "Send a message to a person|给联系人发送消息", "name", PEOPLE,
     ("给{c}发一条消息", "请发消息给{c}", "发个短信给{c}", "帮我通知{c}"), {"status": "sent|ok"}),
    ("call_person make_call dial", "Call a person by phone|打电话", "name", PEOPLE,
     ("给{c}打电话", "请拨打{c}的电话", "帮我打给{c}", "呼叫{c}", "我要和{c}通话"), {"status": "已接通|占线|无人接听"}),
    ("get_recipe find_recipe", "Find the recipe of a dish|查找菜谱", "dish", _DISHES,
     ("{c}怎么做？", "教我做{c}", "找一下{c}的菜谱", "我想做{c}，要多长时间？", "给我{c}的做法"), {"minutes": "int 10 90", "main_ingredient": "鸡肉|牛肉|豆腐|面粉|鸡蛋|猪肉"}),
    ("get_calories calories_of", "How many calories a dish has|查询热量", "food", _DISHES,
     ("{c}有多少热量？", "一份{c}多少卡路里？", "吃{c}会胖吗？查一下热量。", "{c}的热量是多少？"), {"calories": "int 100 900"}),
    ("find_book book_info search_book", "Find a book in the library|查找图书", "title", _BOOKS,
     ("图书馆有《{c}》吗？", "我想借《{c}》", "《{c}》在哪个书架？", "帮我找《{c}》这本书", "查一下《{c}》"), {"shelf": "code", "copies": "int 0 12"}),
    ("translate_word translate to_english", "Translate a Chinese word into English|翻译成英语", "word", _WORDS,
     ("“{c}”用英语怎么说？", "{c}的英文是什么？", "翻译“{c}”", "把“{c}”翻译成英语", "英语里{c}怎么讲？"), {"translation": "label"}),
    ("get_stock_price share_price", "Get the share price of a company|查询股价", "company", _COMPANIES,
     ("{c}公司的股价是多少？", "{c}的股票多少钱？", "查一下{c}的股价", "今天{c}的股票怎么样？"), {"price": "money"}),
    ("company_info find_company", "Find facts about a company|查询公司信息", "company", _COMPANIES,
     ("{c}公司在哪里？", "查一下{c}公司", "{c}公司有多少员工？", "告诉我{c}公司的情况"), {"city": "北京|上海|深圳|杭州|成都", "employees": "int 20 9000"}),
    ("find_hotel hotel_search", "Find a hotel in a city|查找酒店", "city", CITIES,
     ("{c}有什么好酒店？", "帮我在{c}找个酒店", "我要去{c}，住哪里好？", "找一家{c}的酒店"), {"hotel": "和平饭店|长城酒店|海天宾馆|东方酒店|花园宾馆", "price": "int 150 1200"}),
    ("get_score exam_score", "Get the exam score of a student|查询考试成绩", "student", PEOPLE,
     ("{c}考了多少分？", "{c}的成绩是多少？", "查一下{c}的分数", "{c}这次考得怎么样？"), {"score": "int 40 100"}),
    ("get_salary salary_of", "Get the salary of an employee|查询工资", "employee", PEOPLE,
     ("{c}的工资是多少？", "{c}每个月挣多少钱？", "查询{c}的工资"), {"salary": "int 3000 30000"}),
    ("find_department department_of", "In which department an employee works|查询部门", "employee", PEOPLE,
     ("{c}在哪个部门？", "{c}是哪个部门的？", "查一下{c}的部门", "{c}在公司做什么？"), {"department": "销售部|财务部|人事部|技术部|市场部"}),
    ("add_to_cart cart_add", "Put a product into the cart|加入购物车", "product", _GOODS,
     ("把{c}加入购物车", "我要买{c}", "放一个{c}到购物车里", "买{c}"), {"items": "int 1 9", "total": "money"}),
    ("add_friend new_contact", "Add a person to the contacts|添加联系人", "name", PEOPLE,
     ("添加{c}为联系人", "把{c}加到通讯录", "加{c}为好友", "保存联系人{c}"), {"contact_id": "id"}),
)  # fmt: skip


@cache
def templates() -> tuple[Template, ...]:
    """The functions with several arguments."""
    return load_templates("chinese.toml") + load_templates("chinese_more.toml")


def function_round(random: Random) -> tuple[Offer, Round]:
    """A question for a function: two times of three for one with several arguments, else for one with a single one."""
    if random.random() < 0.34:
        return _single_argument(random)
    offered = offer(random.choice(templates()), random, TRAINING)
    return offered, ask_for(offered, random)


def ask_for(offered: Offer, random: Random) -> Round:
    """A request for the function: one call, now and then two calls for two things of a kind."""
    if random.random() < 0.15 and (twice := _twice(offered, random)):
        return twice
    return _round(use(offered, random, TRAINING, fixed=_said(offered, random)))


def _round(used: Use) -> Round:
    told, facts = _told(used)
    call = json_call(used.offer.spec.name, used.arguments, used.result)
    return Round("Chinese", used.request, (call,), told, facts)


def _told(used: Use) -> tuple[str, tuple[str, ...]]:
    """The answer, and what it tells."""
    result = {key: Value(str(value), value) for key, value in used.result.items()}
    return told_in_chinese(result), tuple(value.said for value in result.values())


def _said(offered: Offer, random: Random) -> dict[str, Value]:
    """Values of all parameters as a Chinese request says them."""
    said: dict[str, Value] = {}
    for key, parameter in offered.template.parameters.items():
        value = _said_value(parameter, random)
        while value in said.values():
            value = _said_value(parameter, random)
        said[key] = value
    return said


def _said_value(parameter: Parameter, random: Random) -> Value:
    value = parameter.draw(random, TRAINING)
    kind, text = parameter.kind, value.json
    if kind is KINDS["time"]:
        return Value(said_time(random, text), text)
    if kind is KINDS["date"]:
        return Value(said_date(random, text), text)
    if kind is KINDS["code"] and random.random() < 0.5:
        letters = random.choice(("SF", "YT", "ZT", "JD", "EMS", "HZ", "", ""))
        long = f"{letters}{random.randint(10**7, 10**12)}"
        return Value(long, long)
    if kind is KINDS["small"] and value.json < len(NUMERALS) and random.random() < 0.5:
        return Value(NUMERALS[value.json], value.json)
    if "enum" in parameter.schema:
        return Value(said_member(random, value.said), text)
    if isinstance(text, str) and not text.isascii() and random.random() < 0.35:
        fresh = another(random, text)
        return Value(fresh, fresh)
    return value


def _twice(offered: Offer, random: Random) -> Round | None:
    """One request for two things of a kind; None where the function takes nothing of which one would name two."""
    keys = [
        key
        for key, parameter in offered.template.parameters.items()
        if key not in _NOT_TWO and parameter.schema["type"] == "string"
    ]
    requests = [(key, each) for key in keys for each in offered.template.requests if f"{{{key}}}" in each]  # fmt: skip
    if not requests:
        return None
    key, request = random.choice(requests)
    asked = replace(offered, template=replace(offered.template, requests=(request,)))
    values = _said(offered, random)
    other = _said_value(offered.template.parameters[key], random)
    if other.json == values[key].json:
        return None
    both = Value(random.choice(("{}和{}", "{}和{}", "{}跟{}", "{}、{}")).format(values[key].said, other.said), "")  # fmt: skip
    one, two = (
        use(asked, random, TRAINING, fixed={**values, key: each}) for each in (values[key], other)
    )
    user = use(asked, random, TRAINING, fixed={**values, key: both}).request
    calls = tuple(json_call(offered.spec.name, each.arguments, each.result) for each in (one, two))
    answer = f"{values[key].said}：{_told(one)[0]}{other.said}：{_told(two)[0]}"
    return Round("Chinese", user, calls, answer, _told(one)[1] + _told(two)[1])


def two_requests(one: Round, other: Round, random: Random) -> Round:
    """Both requests at once."""
    first = one.user.rstrip("。？")
    user = random.choice(
        (
            "{0}？另外，{2}", "{0}，还有，{2}", "{0}，{2}", "{0}。{2}", "{0}，然后{2}", "两件事：{0}；{2}", "{1}{2}", "1. {1} 2. {2}",
            "{0}，再{2}", "{1}\n{2}", "{0}，顺便{2}", "先{0}，再{2}",
        )
    ).format(first, one.user, other.user)  # fmt: skip
    return Round(
        "Chinese",
        user,
        one.calls + other.calls,
        one.answer + other.answer,
        one.facts + other.facts,
    )


def _single_argument(random: Random) -> tuple[Offer, Round]:
    names, description, key, values, questions, results = random.choice(_TOOLS)
    parameter = Parameter(kind_of("|".join(values)), (key,), "")
    template = Template(
        tuple(names.split()),
        tuple(description.split("|")),
        {key: parameter},
        tuple(question.replace("{c}", f"{{{key}}}") for question in questions),
        {field: kind_of(kind) for field, kind in results.items()},
        ("",),
    )
    offered = offer(template, random, TRAINING)
    return offered, ask_for(offered, random)


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
    answer = f"结果是{fact}。"
    if output in ("True", "False"):
        answer, fact = ("是的。", "是") if output == "True" else ("不是。", "不是")
    return Round(
        "Chinese",
        request,
        (Call("python", task.code, (Observation(output),)),),
        answer,
        (fact,),
    )


@cache
def _talk() -> tuple[tuple[Question, ...], tuple[Table, ...]]:
    return load_questions("chinese_talk.toml")["talk"], load_tables("chinese_talk.toml")


def chat_round(random: Random) -> Round:
    """Small talk, a common fact, what a word means."""
    talk, tables = _talk()
    if random.random() < 0.6:
        question = random.choices(talk, [2 + len(each.asks) for each in talk])[0]
        slots = {"n": random.choice(PEOPLE[12:]), "c": random.choice(CITIES)}
        user = random.choice(question.asks).format(**slots)
        answer = question.answer.format(**slots)
    else:
        user, answer = random.choices(tables, [len(each.pairs) for each in tables])[0].draw(random)
    return Round("Chinese", user, (), answer)


def mixed_rounds(random: Random) -> tuple[list[Offer], list[Round]]:
    """Some functions with requests for each in Chinese, at times for two of them at once, and what needs none of them."""
    offers: list[Offer] = []
    rounds = []
    for _ in range(random.choice((1, 2, 2, 3, 4))):
        offered, asked = function_round(random)
        if all(offered.spec.name != other.spec.name for other in offers):
            offers.append(offered)
            rounds.append(asked)
            rounds += [ask_for(offered, random)] if random.random() < 0.6 else []
    if len(offers) > 1 and random.random() < 0.4:
        one, other = (ask_for(each, random) for each in random.sample(offers, 2))
        if len(one.calls) == len(other.calls) == 1:
            rounds.append(two_requests(one, other, random))
    return offers, [*rounds, *(chat_round(random) for _ in range(random.choice((1, 2))))]


# What somebody tells, the reply, the question for it, the answer.
_MEMORIES = (
    (PEOPLE[12:], "我叫{}。|我是{}。|我的名字是{}。|你好，我叫{}", "你好，{}！有什么可以帮你的吗？",
     "我叫什么名字？|我叫什么？|你知道我的名字吗？|我是谁？|还记得我的名字吗？", "你叫{}。"),
    (CITIES, "我住在{}。|我家在{}。|我在{}生活", "{}是个好地方！", "我住在哪里？|我住哪儿？|我家在哪里？|你还记得我住在哪里吗？", "你住在{}。"),
    (CITIES, "我下周要去{}旅行。|我打算去{}玩|我们明天去{}。", "祝你旅途愉快！", "我要去哪里？|我要去哪儿旅行？|我说过要去哪个城市？", "你要去{}。"),
    (words("老师, 医生, 司机, 律师, 厨师, 护士, 学生, 工程师, 会计, 记者, 画家, 警察"), "我是一名{}。|我的工作是{}。|我是{}", "听起来很有意思！",
     "我是做什么的？|我的工作是什么？|我的职业是什么？", "你是{}。"),
    (_DISHES, "我最喜欢吃{}。|我爱吃{}。|我喜欢{}", "听起来很好吃！", "我喜欢吃什么？|我最爱吃什么？|我喜欢什么菜？", "你喜欢{}。"),
    (PEOPLE[12:], "我的猫叫{}。|我养了一只猫，叫{}。", "真好听的名字！", "我的猫叫什么？|我的猫叫什么名字？", "你的猫叫{}。"),
    (PEOPLE[12:], "我的朋友叫{}。|我最好的朋友是{}。", "真好！", "我的朋友叫什么？|我的朋友是谁？", "你的朋友是{}。"),
    (words("12, 18, 20, 23, 25, 28, 30, 32, 35, 41, 46, 52, 60, 67"), "我今年{}岁。|我{}岁了", "好的，我记住了。", "我几岁？|我多大了？|我今年多少岁？", "你{}岁。"),
)  # fmt: skip


def with_recall(episode: Episode, random: Random) -> Episode:
    """The same conversation; half of the time something is told in it and asked for later."""
    if random.random() < 0.5:
        return episode
    values, tell, reply, ask, answer = random.choice(_MEMORIES)
    value = random.choice(values)
    if not value.isascii() and random.random() < 0.4:
        value = another(random, value)
    rounds = list(episode.rounds)
    place = random.randint(0, len(rounds))
    told = Round("Chinese", random.choice(tell.split("|")).format(value), (), reply.format(value))
    asked = Round("Chinese", random.choice(ask.split("|")), (), answer.format(value))
    rounds.insert(place, told)
    rounds.insert(random.randint(place + 1, len(rounds)), asked)
    return replace(episode, rounds=tuple(rounds), recalls=True)
