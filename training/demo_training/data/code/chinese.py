"""Questions in Chinese that are answered by code: the operations of the other modules in another language."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random

from demo_training.data.code.chinese_stories import STORIES
from demo_training.data.code.task import Task
from demo_training.data.code.wording import Kind, ask

# `{ls}`: a list of numbers; `{n}` and `{k}` small numbers; `{who}` and `{item}` a person and a thing.
_LISTS: tuple[Kind, ...] = (
    Kind(("{ls} 的平均数是多少？", "求 {ls} 的平均值", "{ls}的平均值是多少", "请计算 {ls} 的平均数。", "这些数的平均数是多少：{ls}", "有这些数：{ls}。平均数是多少？", "{who}的成绩是{ls}，平均分是多少？", "{who}这几天分别看了{ls}页书，平均每天看多少页？", "几个{item}的价格是{ls}元，平均价格是多少元？", "这周的气温是{ls}度，平均气温是多少度？", "计算平均数：{ls}", "{ls}，平均是多少？", "帮我求一下 {ls} 的平均数", "{who}每天跑步{ls}分钟，平均每天跑多少分钟？", "我的{n}次成绩是{ls}，平均分是多少？", "平均成绩是多少？分数：{ls}", "{ls} 平均一下是多少", "几个人的身高是{ls}厘米，平均身高是多少？", "我这几天的花费是{ls}元，平均每天花多少？"), "print(sum({v}) / len({v}))", weight=5),
    Kind(("{ls} 的和是多少？", "把 {ls} 加起来等于多少？", "求 {ls} 的总和", "请计算 {ls} 的和。", "{ls} 一共是多少？", "有这些数：{ls}。它们的和是多少？", "这几个数加起来是多少：{ls}", "{who}花了{ls}元，一共花了多少元？", "几天的收入是{ls}元，总收入是多少？", "求和：{ls}", "{ls}，总和是多少？", "{who}分别买了{ls}个{item}，一共多少个？", "把这些数加起来：{ls}", "我买东西花了{ls}元，总共多少钱？", "{ls} 加在一起是多少", "几个箱子重{ls}公斤，总重量是多少？"), "print(sum({v}))", weight=4),
    Kind(("{ls} 中最大的数是多少？", "求 {ls} 的最大值", "{ls} 里最大的是哪个？", "在 {ls} 中，最大的数是几？", "有这些数：{ls}。最大的是多少？", "找出 {ls} 中最大的数。", "{who}的分数是{ls}，最高分是多少？", "几个{item}的价格是{ls}元，最贵的多少元？", "{ls}，哪个最大？"), "print(max({v}))", weight=3),
    Kind(("{ls} 中最小的数是多少？", "求 {ls} 的最小值", "{ls} 里最小的是哪个？", "有这些数：{ls}。最小的是多少？", "找出 {ls} 中最小的数。", "{who}的分数是{ls}，最低分是多少？", "几个{item}的价格是{ls}元，最便宜的多少元？", "{ls}，哪个最小？"), "print(min({v}))", weight=2),
    Kind(("{ls} 中最大的数和最小的数相差多少？", "求 {ls} 的极差", "{ls} 的最大值减去最小值是多少？"), "print(max({v}) - min({v}))"),
    Kind(("{ls} 的中位数是多少？", "求 {ls} 的中位数", "请计算 {ls} 的中位数。", "有这些数：{ls}。中位数是多少？"), "import statistics\nprint(statistics.median({v}))", weight=2),
    Kind(("{ls} 的标准差是多少？", "求 {ls} 的标准差"), "import statistics\nprint(statistics.stdev({v}))"),
    Kind(("{ls} 的方差是多少？", "求 {ls} 的方差"), "import statistics\nprint(statistics.variance({v}))"),
    Kind(("{ls} 的乘积是多少？", "把 {ls} 乘起来等于多少？", "求 {ls} 的积"), "import math\nprint(math.prod({v}))"),
    Kind(("{ls} 的平方和是多少？", "求 {ls} 的平方和"), "print(sum(x ** 2 for x in {v}))"),
    Kind(("请把 {ls} 从小到大排序", "把 {ls} 按从小到大的顺序排列。", "{ls} 从小到大怎么排？", "请将 {ls} 升序排列。", "把这些数从小到大排序：{ls}", "从小到大排列：{ls}", "请按升序排列这些数字：{ls}", "{ls} 按从小到大排", "给这些数排序，从小到大：{ls}", "排序（从小到大）：{ls}", "把下面的数从小到大排好：{ls}", "这些分数从低到高怎么排：{ls}"), "print(sorted({v}))", weight=4),
    Kind(("请把 {ls} 从大到小排序", "把 {ls} 按从大到小的顺序排列。", "请将 {ls} 降序排列。", "把这些数从大到小排序：{ls}", "从大到小排列：{ls}", "请按降序排列这些数字：{ls}", "{ls} 按从大到小排", "给这些数排序，从大到小：{ls}", "把下面的数从大到小排好：{ls}", "这些分数从高到低怎么排：{ls}"), "print(sorted({v}, reverse=True))", weight=3),
    Kind(("{ls} 中有几个偶数？", "{ls} 里有多少个偶数？", "数一数 {ls} 中的偶数。"), "print(sum(x % 2 == 0 for x in {v}))"),
    Kind(("{ls} 中有几个奇数？", "{ls} 里有多少个奇数？"), "print(sum(x % 2 == 1 for x in {v}))"),
    Kind(("{ls} 中哪些数是偶数？", "列出 {ls} 中的偶数。"), "print([x for x in {v} if x % 2 == 0])"),
    Kind(("{ls} 中有几个数大于{limit}？", "{ls} 里比{limit}大的数有几个？"), "print(sum(x > {limit} for x in {v}))"),
    Kind(("{ls} 中哪些数大于{limit}？", "列出 {ls} 中大于{limit}的数。", "{ls} 里哪些比{limit}大？"), "print([x for x in {v} if x > {limit}])"),
    Kind(("{ls} 中哪些数小于{limit}？", "列出 {ls} 中小于{limit}的数。"), "print([x for x in {v} if x < {limit}])"),
    Kind(("{ls} 中第二大的数是多少？", "{ls} 里第二大的是哪个？"), "print(sorted({v})[-2])"),
    Kind(("{ls} 中第二小的数是多少？",), "print(sorted({v})[2 - 1])"),
    Kind(("一共有几个数：{ls}？", "{ls} 里有几个数？"), "print(len({v}))"),
    Kind(("把 {ls} 倒过来写。", "请把 {ls} 反转。"), "print({v}[::-1])"),
    Kind(("把 {ls} 中的每个数乘以{k}。", "{ls} 每个数都乘以{k}是多少？"), "print([x * {k} for x in {v}])"),
    Kind(("去掉 {ls} 中重复的数。",), "print(list(dict.fromkeys({v})))"),
)  # fmt: skip
_SUMS: tuple[Kind, ...] = (
    Kind(("{a}加{b}等于多少？", "{a}加{b}是多少？", "{a} + {b} 等于几？", "计算 {a} + {b}", "{a}与{b}的和是多少？", "求{a}与{b}的和", "请计算{a}加上{b}。", "{a}+{b}=？"), "print({a} + {b})", weight=3),
    Kind(("{a}减{b}等于多少？", "{a}减去{b}是多少？", "{a} - {b} 等于几？", "计算 {a} - {b}", "{a}与{b}的差是多少？", "求{a}与{b}的差", "{a}比{b}大多少？", "{a}-{b}=？"), "print({a} - {b})", weight=3),
    Kind(("{a}乘以{b}等于多少？", "{a}乘{b}是多少？", "{a} * {b} 等于几？", "计算 {a} × {b}", "{a}与{b}的积是多少？", "求{a}和{b}的乘积", "{a}的{b}倍是多少？", "{a}×{b}=？"), "print({a} * {b})", weight=3),
    Kind(("{a}除以{b}等于多少？", "{a}除以{b}是多少？", "{a} / {b} 等于几？", "计算 {a} ÷ {b}", "求{a}除以{b}的商", "{a}÷{b}=？"), "print({a} / {b})", weight=3),
    Kind(("({a} + {b}) * {k} 等于多少？", "计算 ({a} + {b}) * {k}", "{a}加{b}的和乘以{k}是多少？"), "print(({a} + {b}) * {k})"),
    Kind(("{a} + {b} * {k} 等于多少？", "计算 {a} + {b} * {k}", "{a}加上{b}乘以{k}的积是多少？"), "print({a} + {b} * {k})"),
    Kind(("{a} - {b} + {k} 等于多少？", "{a}减{b}再加{k}是多少？"), "print({a} - {b} + {k})"),
    Kind(("{a}除以{k}的余数是多少？", "{a}除以{k}余几？", "求{a}除以{k}的余数"), "print({a} % {k})", weight=2),
    Kind(("{a}能被{k}整除吗？", "{a}是{k}的倍数吗？"), "print({a} % {k} == 0)"),
    Kind(("{a}是质数吗？", "{a}是不是素数？"), "n = {a}\nprint(n > 1 and all(n % i for i in range(2, int(n ** 0.5) + 1)))", weight=2),
    Kind(("{a}是偶数吗？",), "print({a} % 2 == 0)"),
    Kind(("{b}的平方是多少？", "求{b}的平方", "{b}的平方等于多少？"), "print({b} ** 2)", weight=2),
    Kind(("{b}的立方是多少？", "求{b}的立方"), "print({b} ** 3)"),
    Kind(("{n}的{k}次方是多少？", "计算{n}的{k}次方", "求{n}的{k}次幂"), "print({n} ** {k})"),
    Kind(("{a}的平方根是多少？", "求{a}的平方根", "根号{a}等于多少？", "{a}开平方是多少？"), "import math\nprint(math.sqrt({a}))", weight=2),
    Kind(("{n}的阶乘是多少？", "计算{n}的阶乘", "求{n}!"), "import math\nprint(math.factorial({n}))", weight=1.5),
    Kind(("{a}和{b}的最大公约数是多少？", "求{a}与{b}的最大公因数"), "import math\nprint(math.gcd({a}, {b}))"),
    Kind(("{a}和{b}的最小公倍数是多少？", "求{a}与{b}的最小公倍数"), "import math\nprint(math.lcm({a}, {b}))"),
    Kind(("从1加到{a}等于多少？", "1到{a}的和是多少？", "求1到{a}所有整数的和", "计算从1到{a}的整数之和。"), "print(sum(range(1, {a} + 1)))", weight=2),
    Kind(("从{b}到{c}的整数之和是多少？", "求{b}到{c}的和"), "print(sum(range({b}, {c} + 1)))"),
    Kind(("1到{a}之间所有偶数的和是多少？", "求1到{a}的偶数之和"), "print(sum(x for x in range(1, {a} + 1) if x % 2 == 0))"),
    Kind(("1到{a}之间所有奇数的和是多少？", "求1到{a}的奇数之和"), "print(sum(x for x in range(1, {a} + 1) if x % 2 == 1))"),
    Kind(("1到{a}之间有几个{k}的倍数？", "1到{a}中能被{k}整除的数有多少个？"), "print(sum(x % {k} == 0 for x in range(1, {a} + 1)))"),
    Kind(("{a}以内有多少个质数？", "{a}以内的素数有几个？"), "print(sum(all(n % i for i in range(2, int(n ** 0.5) + 1)) for n in range(2, {a} + 1)))"),
    Kind(("{a}的各位数字之和是多少？", "求{a}各位数字的和"), "print(sum(int(digit) for digit in str({a})))"),
    Kind(("{a}的二进制是多少？", "把{a}转换成二进制", "{a}用二进制怎么写？"), "print(bin({a})[2:])"),
    Kind(("{a}有哪些因数？", "列出{a}的所有约数。"), "print([i for i in range(1, {a} + 1) if {a} % i == 0])"),
    Kind(("{a}的一半是多少？", "{a}的二分之一是多少？"), "print({a} / 2)"),
    Kind(("{a}和{c}哪个大？", "{a}与{c}相比，哪个更大？"), "print(max({a}, {c}))"),
    Kind(("把 {f} 保留两位小数。", "{f} 四舍五入到两位小数是多少？"), "print(round({f}, 2))"),
    Kind(("斐波那契数列的第{n}项是多少？",), "a, b = 0, 1\nfor _ in range({n}):\n    a, b = b, a + b\nprint(a)"),
)  # fmt: skip
_STORIES: tuple[Kind, ...] = (
    Kind(("{a}的{p}%是多少？", "求{a}的{p}%", "{a}的百分之{p}是多少？", "请算出{a}的百分之{p}。", "{p}%的{a}等于多少？", "全班{a}人，{p}%是女生，女生有多少人？", "{a}元的{p}%是多少元？", "{a}的{p}%等于多少", "算一下{a}的{p}%", "{a}个{item}里有{p}%是坏的，坏的有几个？", "{who}存了{a}元的{p}%，存了多少元？", "帮我算{a}乘以{p}%"), "print({a} * {p} / 100)", weight=6),
    Kind(("{b}是{c}的百分之几？", "{b}占{c}的百分之多少？", "{c}道题做对了{b}道，正确率是百分之多少？", "{c}个{item}里有{b}个是红的，红的占百分之几？", "{b}除以{c}是百分之几？", "{who}有{c}元，花了{b}元，花了百分之几？", "{c}人中有{b}人同意，占百分之几？"), "print({b} / {c} * 100)", weight=3),
    Kind(("{a}增加{p}%后是多少？", "{a}上涨{p}%是多少？", "工资{a}元，涨了{p}%，现在是多少元？", "房租{a}元，上涨{p}%以后是多少？", "{a}加上{p}%是多少？", "价格{a}元，税{p}%，一共多少元？", "饭钱{a}元，加{p}%的小费，一共多少元？"), "print({a} * (100 + {p}) / 100)", weight=3),
    Kind(("{a}减少{p}%后是多少？", "一件{a}元的衣服降价{p}%，现在多少钱？", "{a}元的{item}打折{p}%以后多少钱？", "{item}原价{a}元，优惠{p}%，要付多少元？", "{a}元减去{p}%是多少？", "商店里{a}元的外套减价{p}%，现在卖多少元？", "一本书{a}元，折扣{p}%，折后多少钱？", "原价{a}元，便宜{p}%，现价是多少？"), "print({a} * (100 - {p}) / 100)", weight=3),
    Kind(("{item}原价{a}元，打{fold}折，现在多少钱？", "一件{a}元的衣服打{fold}折，要付多少钱？", "{a}元打{fold}折是多少元？", "全场{fold}折，{a}元的{item}现在多少元？", "{who}买了一个{a}元的{item}，打{fold}折，付了多少元？", "一件外套原价{a}元，打{fold}折后是多少钱？", "{item}标价{a}元，{fold}折以后多少钱？", "{a}块钱的{item}打{fold}折多少钱", "这双鞋{a}元，现在{fold}折，要多少钱？", "商场打{fold}折，{a}元的东西要付多少？", "{a}元，{fold}折，算一下价格", "原价{a}元，{fold}折优惠，现价多少元？"), "print({a} * {share} / 100)", weight=4),
    Kind(("从{b}增加到{c}，增长了百分之几？", "价格从{b}元涨到{c}元，涨幅是百分之几？"), "print(({c} - {b}) / {b} * 100)"),
    Kind(("{who}有{a}个{item}，又得到{b}个，一共有多少个？", "{who}有{a}个{item}，{who2}又给了{b}个，现在有几个？", "车上有{a}人，又上来{b}人，现在有多少人？", "{who}上午看了{a}页书，下午看了{b}页，一共看了多少页？", "{who}有{a}元，{who2}有{b}元，他们一共有多少元？"), "print({a} + {b})", weight=2),
    Kind(("{who}有{c}个{item}，用掉了{b}个，还剩多少个？", "{who}有{c}元，花了{b}元，还剩多少元？", "车上有{c}人，下去了{b}人，还有多少人？", "一本书有{c}页，{who}看了{b}页，还剩多少页？", "商店有{c}个{item}，卖出{b}个，还有几个？"), "print({c} - {b})", weight=2),
    Kind(("{who}有{a}个{item}，买了{b}个，又送出{k}个，现在有多少个？", "车上有{a}人，上来{b}人，下去{k}人，现在有多少人？"), "print({a} + {b} - {k})"),
    Kind(("{who}有{c}个{item}，{who2}有{b}个，{who}比{who2}多几个？", "{who}身高{c}厘米，{who2}身高{b}厘米，相差多少厘米？"), "print({c} - {b})"),
    Kind(("每盒有{b}个{item}，{n}盒一共有多少个？", "一个{item}{b}元，买{n}个要多少钱？", "{who}每天看{b}页书，{n}天看多少页？", "每排有{b}个座位，{n}排有多少个座位？", "一张票{b}元，{n}张票多少钱？", "{who}每小时挣{b}元，工作{n}小时挣多少钱？"), "print({b} * {n})", weight=3),
    Kind(("{who}买了{n}个{item}，每个{b}元，付了{big}元，应找回多少元？", "{who}付了{big}元，买{n}个{item}，一个{b}元，找多少钱？", "{item}每个{b}元，{who}买{n}个，给了{big}元，还剩多少元？", "{who}有{big}元，买了{n}个{b}元的{item}，还剩多少元？"), "cost = {n} * {b}\nprint({big} - cost)", weight=4),
    Kind(("{item}{x}元一斤，买{y}斤，付{pay}元，找回多少？", "{item}每斤{x}元，{who}买了{y}斤，付了{pay}元，应找多少元？", "买{y}斤{item}，一斤{x}元，给{pay}元，要找多少钱？", "{y}公斤{item}，每公斤{x}元，我给了{pay}元，找我多少？", "一米布{x}元，买{y}米，付{pay}元，找回多少元？"), "cost = {y} * {x}\nprint({pay} - cost)", weight=3),
    Kind(("{item}{x}元一斤，买{y}斤要多少钱？", "{item}每斤{x}元，{y}斤多少钱？", "每公斤{x}元，{y}公斤{item}多少钱", "一升汽油{x}元，加{y}升多少钱？", "一米布{x}元，{y}米要多少元？", "{who}买了{y}斤{item}，每斤{x}元，花了多少元？"), "print({y} * {x})", weight=3),
    Kind(("{pay}元买{x}元一个的{item}，最多能买几个？", "一个{item}{x}元，{who}有{pay}元，最多买几个？", "有{pay}块钱，{item}{x}块一个，能买几个？"), "print(int({pay} // {x}))", weight=2),
    Kind(("{n}个人吃饭花了{a}元，AA制每人多少钱？", "{n}个朋友一起花了{a}元，平均每人付多少？", "{a}元由{n}个人平分，每人多少元？", "房租{a}元，{n}个人分，每人付多少？"), "print({a} / {n})", weight=2),
    Kind(("月薪{big}元，一年挣多少钱？", "{who}每月挣{big}元，一年多少元？", "每个月存{big}元，一年能存多少？"), "print({big} * 12)"),
    Kind(("{who}开车{y}小时，时速{b}公里，走了多远？", "以每小时{b}公里的速度开{y}小时，能开多少公里？"), "print({b} * {y})"),
    Kind(("{big}公里，时速{b}公里，要开几个小时？", "路程{big}公里，车速每小时{b}公里，多久能到？"), "print({big} / {b})"),
    Kind(("{y}公斤等于多少斤？", "{y}千克是多少斤？"), "print({y} * 2)"),
    Kind(("{b}斤等于多少公斤？", "{b}斤是多少千克？"), "print({b} / 2)"),
    Kind(("{y}米等于多少厘米？", "{y}米是多少厘米？"), "print({y} * 100)"),
    Kind(("{a}厘米等于多少米？", "{a}厘米是几米？"), "print({a} / 100)"),
    Kind(("{a}分钟等于多少小时？", "{a}分钟是几个小时？"), "print({a} / 60)"),
    Kind(("{a}美元等于多少人民币？汇率是{x}。", "1美元等于{x}元，{a}美元是多少元？", "汇率{x}，{a}美元换多少元？"), "print({a} * {x})", weight=2),
    Kind(("{n}个{item}每个{b}元，再加一本{k}元的书，一共多少钱？", "{who}买了{n}个{b}元的{item}，还有一个{k}元的本子，一共花了多少元？", "{item}{b}元一个，{who}买{n}个，运费{k}元，一共多少元？"), "cost = {n} * {b}\nprint(cost + {k})", weight=2),
    Kind(("{n}个{item}每个{b}元，{k}个杯子每个{b2}元，一共多少钱？", "{who}买了{n}个{item}，每个{b}元，又买了{k}本书，每本{b2}元，一共花了多少元？", "成人票{b}元，儿童票{b2}元，{n}个大人和{k}个孩子一共多少钱？"), "first = {n} * {b}\nsecond = {k} * {b2}\nprint(first + second)", weight=3),
    Kind(("{who}有{a}个{item}，给了{who2}{n}个，又买了{b}个，现在有几个？", "篮子里有{a}个{item}，拿走{n}个，再放进{b}个，现在有多少个？"), "left = {a} - {n}\nprint(left + {b})"),
    Kind(("{who}每天存{b}元，{n}天能存多少元？", "{who}每天走{b}步，{n}天走多少步？", "每小时做{b}个{item}，{n}小时做多少个？", "一个月{b}元，{n}个月多少元？"), "print({b} * {n})"),
    Kind(("{who}要存{prod}元，每天存{b}元，要多少天？", "{prod}页的书，每天看{b}页，几天看完？", "{prod}公里的路，每小时走{b}公里，要几个小时？"), "print({prod} / {b})"),
    Kind(("把{prod}个{item}平均分给{n}个人，每人几个？", "{prod}元平均分给{n}人，每人多少元？", "{n}个{item}一共{prod}元，一个多少钱？", "一本书{prod}页，{n}天看完，每天看多少页？"), "print({prod} / {n})", weight=2),
    Kind(("{c}个{item}，每盒装{k}个，最多能装满几盒？",), "print({c} // {k})"),
    Kind(("{c}个{item}，每盒装{k}个，还剩几个？",), "print({c} % {k})"),
    Kind(("汽车每小时行{b}公里，{n}小时行多少公里？", "火车的速度是每小时{b}公里，{n}小时能走多远？"), "print({b} * {n})"),
    Kind(("汽车{n}小时行了{prod}公里，平均每小时行多少公里？", "{who}{n}小时走了{prod}公里，速度是多少？"), "print({prod} / {n})", weight=2),
    Kind(("{who}今年{n}岁，{k}年后多少岁？",), "print({n} + {k})"),
    Kind(("长{a}米、宽{b}米的长方形面积是多少？", "一个长方形长{a}厘米，宽{b}厘米，面积是多少？", "长{a}、宽{b}的房间有多大？"), "print({a} * {b})"),
    Kind(("长{a}米、宽{b}米的长方形周长是多少？", "一个长方形长{a}，宽{b}，求周长"), "print(2 * ({a} + {b}))"),
    Kind(("边长{b}米的正方形面积是多少？",), "print({b} ** 2)"),
    Kind(("半径为{n}的圆面积是多少？", "求半径{n}的圆的面积"), "import math\nprint(math.pi * {n} ** 2)"),
    Kind(("底{a}、高{b}的三角形面积是多少？",), "print({a} * {b} / 2)"),
    Kind(("{b}公里等于多少米？", "{b}千米是多少米？"), "print({b} * 1000)"),
    Kind(("{b}公斤等于多少克？",), "print({b} * 1000)"),
    Kind(("{b}小时等于多少分钟？", "{b}小时有多少分钟？"), "print({b} * 60)"),
    Kind(("{b}分钟等于多少秒？",), "print({b} * 60)"),
    Kind(("{n}天有多少小时？",), "print({n} * 24)"),
    Kind(("{b}摄氏度是多少华氏度？", "把{b}摄氏度换算成华氏度"), "print({b} * 9 / 5 + 32)"),
    Kind(("{big}元存{n}年，年利率{k}%，按复利计算最后有多少钱？",), "print({big} * (1 + {k} / 100) ** {n})"),
)  # fmt: skip
_DATES: tuple[Kind, ...] = (
    Kind(("从{d1}到{d2}有多少天？", "{d1}到{d2}一共多少天？", "{d1}和{d2}相差几天？", "{d1}离{d2}还有多少天？", "从{d1}到{d2}相隔多少天？", "{d1}距离{d2}多少天？", "计算{d1}到{d2}的天数", "{who}{d1}出发，{d2}回来，一共多少天？", "项目{d1}开始，{d2}结束，持续多少天？", "两个日期{d1}和{d2}之间有几天？", "{d1}到{d2}还有几天", "{d1}到{d2}还有多少天？", "今天是{d1}，离{d2}还有几天？", "今天是{d1}，{d2}是我的生日，还有多少天？", "从{d1}到{d2}要等几天？", "今天{d1}，到{d2}放假还有几天"), "from datetime import date\nprint(({c2} - {c1}).days)", weight=5),
    Kind(("{d1}到{d3}还有几天", "从{d1}到{d3}有多少天？", "今天是{d1}，离{d3}还有几天？", "{d1}开学，{d3}放假，中间多少天？", "从{d1}住到{d3}，一共几晚？"), "from datetime import date\nprint(({c3} - {c1}).days)", weight=2),
    Kind(("从{d1}到{d2}有几周？", "{d1}到{d2}是多少个星期？"), "from datetime import date\nprint(({c2} - {c1}).days // 7)"),
    Kind(("{d1}是星期几？", "{d1}是周几？", "请问{d1}是星期几？", "{d1}那天星期几？", "{who}的生日是{d1}，那天是星期几？", "告诉我{d1}是星期几", "{d1}是礼拜几？"), "from datetime import date\nprint({c1}.strftime('%A'))", weight=4),
    Kind(("{d1}之后{b}天是哪一天？", "{d1}再过{b}天是几月几日？", "从{d1}起{b}天后是什么日期？", "{d1}往后{b}天是几号？", "{d1}加{b}天是哪一天？", "{who}{d1}出发，{b}天后到，是哪一天？", "今天是{d1}，{b}天后是几号？", "今天是{d1}，再过{b}天是哪天？"), "from datetime import date, timedelta\nprint({c1} + timedelta(days={b}))", weight=3),
    Kind(("{d1}之前{b}天是哪一天？", "{d1}的{b}天前是几号？"), "from datetime import date, timedelta\nprint({c1} - timedelta(days={b}))"),
    Kind(("{year}年是闰年吗？", "{year}年是不是闰年？"), "import calendar\nprint(calendar.isleap({year}))", weight=1.5),
    Kind(("{year}年{month}月有多少天？", "{year}年{month}月有几天？"), "import calendar\nprint(calendar.monthrange({year}, {month})[1])"),
    Kind(("{who}出生于{d1}，到{d2}是多少岁？",), "from datetime import date\na, b = {c1}, {c2}\nprint(b.year - a.year - ((b.month, b.day) < (a.month, a.day)))"),
)  # fmt: skip
_TEXTS: tuple[Kind, ...] = (
    Kind(("把单词 {word} 倒过来写。", "{word} 倒过来怎么写？", "请反转字符串 {word}", "“{word}”反过来怎么写？", "把{word}的字母倒过来", "反转{word}"), "print('{word}'[::-1])", weight=3),
    Kind(("单词 {word} 有几个字母？", "{word} 有多少个字母？", "{word} 的长度是多少？", "“{word}”这个词有几个字母？", "数一数 {word} 有几个字母", "英文单词{word}由几个字母组成？", "单词 {word} 一共有几个字母？", "{word}这个单词有多少个字母", "请数一下 {word} 一共有多少个字母。"), "print(len('{word}'))", weight=3),
    Kind(("{word} 里有几个字母{letter}？", "{word} 中{letter}出现了几次？", "字母{letter}在{word}里出现了多少次？", "单词{word}里有多少个{letter}？", "数一数{word}里的字母{letter}", "“{word}”里面有几个“{letter}”？", "单词 {word} 里有几个字母 {letter}？", "{word} 里有几个 {letter}？", "{word}这个单词里有几个{letter}", "英文单词 {word} 中字母 {letter} 有几个？", "请数一下 {word} 里有多少个 {letter}。"), "print('{word}'.count('{letter}'))", weight=4),
    Kind(("把 {word} 变成大写。", "{word} 的大写怎么写？"), "print('{word}'.upper())"),
    Kind(("{word} 是回文吗？",), "s = '{word}'\nprint(s == s[::-1])"),
    Kind(("“{zh}”有几个字？", "“{zh}”一共多少个字？", "这句话有几个字：{zh}", "数一数“{zh}”的字数"), "print(len('{zh}'))", weight=2),
    Kind(("把“{zh}”倒过来写。", "“{zh}”反过来是什么？"), "print('{zh}'[::-1])"),
    Kind(("{word} 里有几个元音字母？", "单词{word}有几个元音？"), "print(sum(letter in 'aeiou' for letter in '{word}'))"),
)  # fmt: skip
_DIGITS = "零一二三四五六七八九"
_SENTENCES = (
    "今天天气很好",
    "我喜欢学习",
    "祝你生日快乐",
    "明天去北京",
    "学而时习之",
    "好好学习天天向上",
    "我们是朋友",
    "春天来了",
    "床前明月光",
    "人工智能",
    "欢迎光临",
    "他在图书馆看书",
    "海内存知己",
    "一日之计在于晨",
    "请把窗户关上",
    "妈妈在厨房做饭",
    "周末我们去爬山",
    "这本书非常有意思",
    "失败是成功之母",
    "火车八点出发",
    "千里之行始于足下",
    "弟弟爱吃西瓜",
    "中华人民共和国",
    "下雨天路很滑",
)
_GROUPS = (_LISTS, _SUMS, _STORIES, _DATES, _TEXTS, STORIES)


def _day_text(random: Random, day: date) -> str:
    return random.choice((day.isoformat(), f"{day.year}年{day.month}月{day.day}日"))


def _list_text(random: Random, values: Sequence[object]) -> str:
    texts = [str(value) for value in values]
    mark = random.choice(("、", "、", "，", ", ", ",", " "))
    if random.random() < 0.25:
        return mark.join(texts[:-1]) + "和" + texts[-1]
    return "[" + ", ".join(texts) + "]" if random.random() < 0.08 else mark.join(texts)


def chinese_task(
    random: Random, people: Sequence[str], items: Sequence[str], dictionary: Sequence[str]
) -> Task:
    """A question in Chinese; people and things are drawn from these."""
    values = [
        random.randint(1, random.choice((20, 100, 1000))) for _ in range(random.randint(2, 7))
    ]
    if random.random() < 0.1:
        values = [random.randint(1, 50) * 10 for _ in values]
    a, b = random.randint(10, 999), random.randint(2, 99)
    n, k = random.randint(2, 20), random.randint(2, 9)
    first = date(random.randint(2000, 2030), random.randint(1, 12), random.randint(1, 28))
    second = first + timedelta(
        days=random.choice(
            (random.randint(2, 90), random.randint(20, 800), random.randint(400, 9000))
        )
    )
    word, (who, who2) = random.choice(dictionary), random.sample(people, 2)
    third = date(first.year, 12, random.randint(29, 31))
    if random.random() < 0.8:
        third = first + (third - first) * random.random()
    share = random.choice((50, 60, 65, 70, 75, 80, 85, 88, 90, 95))
    x = random.choice((random.randint(2, 40), round(random.uniform(1.1, 39.9), 1)))
    y = random.choice((n, round(random.uniform(1.1, 9.9), 1)))
    pay = next(each for each in (20, 50, 100, 200, 500, 1000) if each > x * y)
    tens, ones = divmod(share, 10)
    fold = f"{tens}{ones or ''}"
    if random.random() < 0.6:
        fold = _DIGITS[tens] + (_DIGITS[ones] if ones else "")
    slots = {
        "ls": _list_text(random, values), "v": values, "limit": random.choice(values), "a": a, "b": b, "c": b + random.randint(1, 500), "n": n, "k": k,
        "p": random.choice((5, 8, 10, 12, 15, 20, 25, 30, 40, 60, 75, random.randint(2, 95))), "prod": n * b, "big": random.choice((100, 200, 500, 1000, 2000)) * 10,
        "f": round(random.uniform(1, 200), random.randint(3, 6)), "who": who, "who2": who2, "item": random.choice(items),
        "d1": _day_text(random, first), "d2": _day_text(random, second), "c1": f"date({first.year}, {first.month}, {first.day})",
        "c2": f"date({second.year}, {second.month}, {second.day})", "year": first.year, "month": first.month, "word": word, "letter": random.choice(word), "zh": random.choice(_SENTENCES),
        "b2": random.randint(2, 60), "fold": fold, "share": share, "x": x, "y": y, "pay": pay,
        "d3": f"{third.month}月{third.day}日", "c3": f"date({third.year}, {third.month}, {third.day})",
    }  # fmt: skip
    kinds = random.choices(_GROUPS, (17, 19, 36, 15, 13, 40))[0]
    if random.random() < 0.15:  # these are asked most
        kinds = _SUMS[:4]
    elif random.random() < 0.15:
        kinds = _LISTS[:5]
    return ask(random, kinds, slots)
