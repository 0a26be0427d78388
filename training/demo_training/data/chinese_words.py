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
        return tuple(
            "".join(random.sample(_CHARACTERS, random.choice((2, 2, 3, 3, 4))))
            for _ in range(count)
        )

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
