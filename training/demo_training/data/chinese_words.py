"""Chinese words for the functions that are put together: values to copy, ways to join what is said, the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random

from demo_training.data.values import TRAINING, Value, Vocabulary, words

_CHINESE = replace(
    TRAINING,
    cities=words("北京, 上海, 广州, 深圳, 杭州, 成都, 南京, 武汉, 西安, 重庆, 苏州, 天津, 东京, 巴黎, 伦敦, 纽约, 柏林"),
    first_names=words("小明, 小红, 王伟, 李娜, 张强, 刘洋, 陈静, 赵磊, 孙丽, 周杰, 吴敏, 郑爽"),
    last_names=("",),
    adjectives=words("红色, 安静, 快乐, 古老, 蓝色, 温暖, 明亮, 小小"),
    things=words("苹果, 铅笔, 杯子, 椅子, 自行车, 台灯, 雨伞, 书包, 手表, 键盘, 相机, 毯子"),
    topics=words("天气变化, 电动汽车, 健康饮食, 项目计划, 人工智能, 房价, 网球, 数据安全"),
    errands=words("买牛奶, 给牙医打电话, 寄报告, 浇花, 交房租, 洗车"),
    sentences=words("会议改到中午, 我会晚到十分钟, 请给我回电话, 晚饭做好了, 祝你生日快乐"),
    dictionary=words("花生, 牛奶, 工作, 旅行, 家庭, 重要, 夏天, 音乐, 学校"),
)  # fmt: skip
_CHARACTERS = (
    "天地人山水火木金土日月风云雨雪春夏秋冬东西南北中上下左右大小多少长高低新老红黄蓝白黑绿花草树鸟鱼马牛羊狗猫米面茶酒饭菜果"
    "书笔纸画歌舞琴棋家门窗床桌灯车船路桥城村店楼园河湖海江岛石玉星光明安平和文学生友爱心手足目耳口头身力气声色香味甜苦"
    "思想语言话字词数学理工农商医药法治国民军王李张刘陈杨赵黄周吴徐孙胡朱林何郭罗高梁郑谢宋唐许邓韩冯曹曾彭萧蔡潘田董袁"
)


def chinese_vocabulary(random: Random) -> Vocabulary:
    """Chinese words, every second one put together of characters by chance, so that it has to be copied."""

    def made(count: int) -> tuple[str, ...]:
        return tuple(made_text(random) for _ in range(count))

    def mixed(known: tuple[str, ...]) -> tuple[str, ...]:
        return (*random.sample(known, 4), *made(4))

    return replace(
        _CHINESE,
        cities=mixed(_CHINESE.cities),
        first_names=mixed(_CHINESE.first_names),
        things=mixed(_CHINESE.things),
        topics=mixed(_CHINESE.topics),
        errands=mixed(_CHINESE.errands),
        sentences=mixed(_CHINESE.sentences),
        dictionary=mixed(_CHINESE.dictionary),
    )


SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱林何郭高罗郑梁谢宋唐许邓冯韩曹曾"
# How members of an enum that are written in English are said.
_MEMBERS = {
    "monday": "周一|星期一|礼拜一", "tuesday": "周二|星期二", "wednesday": "周三|星期三", "thursday": "周四|星期四",
    "friday": "周五|星期五", "saturday": "周六|星期六|礼拜六", "sunday": "周日|星期天|周天", "yoga": "瑜伽", "boxing": "拳击",
    "cycling": "单车|骑行", "swimming": "游泳", "dancing": "舞蹈|跳舞", "running": "跑步", "tennis": "网球", "badminton": "羽毛球",
    "football": "足球", "basketball": "篮球", "volleyball": "排球", "indoor": "室内", "outdoor": "室外|户外", "phone": "手机",
    "tablet": "平板", "computer": "电脑", "tv": "电视", "morning": "早上|上午", "afternoon": "下午", "evening": "晚上", "night": "深夜|夜里",
}  # fmt: skip
_HALVES = ((6, "凌晨"), (9, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))


def made_text(random: Random) -> str:
    """Two to four characters put together by chance, so that they have to be copied."""
    return "".join(random.sample(_CHARACTERS, random.choice((2, 2, 3, 3, 4))))


def said_time(random: Random, time: str) -> str:
    """HH:MM as people say it: 下午3点半, 早上6:40."""
    hour, minute = (int(part) for part in time.split(":"))
    if random.random() < 0.3:
        return time
    half = next(name for end, name in _HALVES if hour < end)
    said = hour - 12 if hour > 12 else hour
    if random.random() < 0.4:
        return f"{half}{said}:{minute:02d}"
    minutes = "半" if minute == 30 else f"{minute:02d}分" if minute else ""
    return f"{half}{said}点{minutes}"


def said_date(random: Random, date: str) -> str:
    """An ISO date as it stands, or as 2026年12月5日."""
    year, month, day = (int(part) for part in date.split("-"))
    return date if random.random() < 0.55 else f"{year}年{month}月{day}日"


def said_member(random: Random, member: str) -> str:
    """A member of an enum in Chinese, or as it stands where it is Chinese."""
    return random.choice(_MEMBERS.get(member, member).split("|"))


def another(random: Random, text: str) -> str:
    """Something of the kind of `text` that is on no list: a name, an address with other numbers, a name of a place."""
    if any(letter.isdigit() for letter in text):
        return "".join(str(random.randint(1, 9)) if each.isdigit() else each for each in text)
    if text[0] in SURNAMES and len(text) < 4:
        return random.choice(SURNAMES) + made_text(random)[: random.choice((1, 2))]
    return made_text(random)[:3] + text[-1]


NUMERALS = ("零", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十")


def joined_chinese(ask: str, clauses: Sequence[str], random: Random) -> str:
    """The same in Chinese."""
    mark = "？" if ask.endswith("？") else "。"
    plain = ask.rstrip("？")
    if random.random() < 0.3:
        plain = random.choice(("请", "帮我", "请帮我", "请问，", "你好，")) + plain
    if not clauses:
        return plain + mark
    if random.random() < 0.6:
        return f"{plain}，{'，'.join(clauses)}{mark}"
    return f"{plain}{mark}{'，'.join(clauses)}。"


def told_in_chinese(result: Mapping[str, Value]) -> str:
    """The answer that tells every field of a result, in the one form there is for it."""
    if len(result) == 1:
        (value,) = result.values()
        return f"结果是{value.said}。"
    fields = [f"{key.replace('_', ' ')}是{value.said}" for key, value in result.items()]
    return f"结果：{'，'.join(fields)}。"
