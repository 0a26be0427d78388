import ipaddress
from collections.abc import Callable

import ada_url
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from glm_tools.browser.address import AddressPolicy, WebURL, address_problem, parse_url
from glm_tools.browser.errors import AddressError, BrowserConfigError

LOOPBACK = [
    "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/",
    "http://0X7F.0x0.0x0.0x1/", "http://017700000001/", "http://0177.0.0.1/", "http://0177.0x0.0.1/", "http://127.0.0.1./",
    "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://１２７.０.０.１/", "http://127.0.0.1%2f/", "http://127.000.000.001/",
    "http://[::1]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/", "http://[64:ff9b::127.0.0.1]/", "http://[64:ff9b:1::7f00:1]/", "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/", "http://localhost/", "http://LOCALHOST/", "http://localhost./", "http://a.localhost/",
    "http://ⓛocalhost/", "http://localhost.localdomain/", "http://ip6-localhost/",
]  # fmt: skip
PRIVATE = [
    "http://0.0.0.0/", "http://0/", "http://10.0.0.1/", "http://012.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1/",
    "http://3232235777/", "http://0xc0a80101/", "http://169.254.169.254/latest/meta-data/", "http://2852039166/",
    "http://0xA9FEA9FE/", "http://0251.0376.0251.0376/", "http://[::ffff:169.254.169.254]/", "http://[fd00:ec2::254]/",
    "http://metadata.google.internal/", "http://metadata/", "http://100.100.100.200/", "http://168.63.129.16/",
    "http://192.0.0.192/", "http://100.64.0.1/", "http://198.18.0.1/", "http://192.0.2.1/", "http://203.0.113.9/",
    "http://224.0.0.1/", "http://239.255.255.250/", "http://255.255.255.255/", "http://240.0.0.1/", "http://[::]/",
    "http://[fc00::1]/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[ff02::1]/", "http://[2001:db8::1]/",
    "http://[100::1]/", "http://[5f00::1]/", "http://intranet/", "http://printer.local/", "http://nas.lan/",
    "http://router.home.arpa/", "http://abc.onion/",
]  # fmt: skip
MALFORMED = [
    "", " ", "http://", "http:///etc/passwd", "//127.0.0.1/", "http:/127.0.0.1/", "http:127.0.0.1", "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x", "ftp://example.com/", "data:text/html,x", "javascript:alert(1)", "dict://a.example:11211/",
    "http://user:pw@example.com/", "http://example.com@127.0.0.1/", "http://127.0.0.1@example.com/", "http://@example.com/",
    "http://127.0.0.1\\@example.com/", "http:\\\\example.com", "http://example.com\\.evil.example/", "http://exa\tmple.com/",
    "http://example.com\r\nHost: x/", "http://exa mple.com/", "http://example.com:99999/", "http://example.com:0/",
    "http://example.com:8o/", "http://example.com:-1/", "http://example.com:８０/", "http://256.256.256.256/", "http://1.2.3.4.5/",
    "http://1.2.3.08/", "http://09/", "http://0x/../", "http://[::1/", "http://::1/", "http://[::1]x/", "http://[1.2.3.4]/",
    "http://[::ffff:999.1.1.1]/", "http://%31%32%37.0.0.1/", "http://a..example/", "http://.example/", "http://-a.example/",
    "http://exam_ple-.com/", "http://" + "a" * 64 + ".com/", "http://" + "a." * 130 + "com/", "http://example.com/" + "a" * 5_000,
    "http://ex\u200bample.invalid\u2044x/", "http://a\u0000.example/", "http://＜script＞.example/", "http://例え\uff0fテスト.example/",
    "javascript://example.com/%0aalert(1)", "https:example.com", "view-source:http://example.com", "http://[v1.x]/",
]  # fmt: skip
PUBLIC = [
    "http://example.com/", "https://example.com:443/x?y#z", "http://93.184.216.34/", "http://0x5db8d822/", "https://[2606:2800:220:1::1]/",
    "https://bücher.example/", "https://例え.example/", "http://xn--bcher-kva.example/", "http://sub_domain.example.com/", "example.com/path",
    "http://8.8.8.8./", "https://1.1.1.1/dns-query",
]  # fmt: skip


@pytest.mark.parametrize("url", LOOPBACK + PRIVATE + MALFORMED)
def test_no_spelling_of_a_closed_address_passes(url: str) -> None:
    """Security: the public SSRF spellings, before any name is resolved."""
    with pytest.raises(AddressError):
        AddressPolicy().check_url(parse_url(url))


@pytest.mark.parametrize("url", PUBLIC)
def test_public_addresses_pass(url: str) -> None:
    AddressPolicy().check_url(parse_url(url))


@pytest.mark.parametrize("port", [1, 21, 22, 25, 110, 6379, 8080, 11211, 27017, 65535])
def test_other_ports_are_closed(port: int) -> None:
    with pytest.raises(AddressError, match="port"):
        AddressPolicy().check_url(parse_url(f"http://example.com:{port}/"))


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.127.127.127", "0.0.0.0", "10.0.0.1", "172.31.255.254", "192.168.1.254", "169.254.169.254", "100.100.100.200",
     "168.63.129.16", "192.0.0.192", "224.0.0.251", "255.255.255.255"],
)  # fmt: skip
def test_no_payload_made_for_a_closed_address_passes(
    address: str, spellings: Callable[[str], list[str]]
) -> None:
    """Security: every spelling, as http and https; and none of them is left to be looked up as a name."""
    for host in spellings(address):
        for scheme in ("http", "https", "HTTP"):
            with pytest.raises(AddressError):
                AddressPolicy().check_url(parse_url(f"{scheme}://{host}/latest/meta-data/"))


# The tables of examples in the URL standard, https://url.spec.whatwg.org/#host-parsing and #urls, with what its parser
# makes of the input; None for failure.
STANDARD_HOSTS = [
    ("EXAMPLE.COM", "example.com"), ("example%2Ecom", "example.com"), ("faß.example", "xn--fa-hia.example"), ("0", "0.0.0.0"),
    ("%30", "0.0.0.0"), ("0x", "0.0.0.0"), ("0xffffffff", "255.255.255.255"), ("[0:0::1]", "[::1]"), ("[0:0::1%5D", None),
    ("[0:0::%31]", None), ("09", None), ("example.255", None), ("example^example", None),
]  # fmt: skip
STANDARD_URLS = [
    ("https:example.org", "", "https://example.org/"), ("https://////example.com///", "", "https://example.com///"),
    ("https://example.com/././foo", "", "https://example.com/foo"), ("hello:world", "https://example.com/", "hello:world"),
    ("https:example.org", "https://example.com/", "https://example.com/example.org"),
    ("\\example\\..\\demo/.\\", "https://example.com/", "https://example.com/demo/"),
    ("example", "https://example.com/demo", "https://example.com/example"), ("file:///C|/demo", "", "file:///C:/demo"),
    ("file://loc%61lhost/", "", "file:///"), ("https://user:password@example.org/", "", "https://user:password@example.org/"),
    ("https://example.org/foo bar", "", "https://example.org/foo%20bar"), ("https://EXAMPLE.com/../x", "", "https://example.com/x"),
    ("https://ex ample.org/", "", None), ("example", "", None), ("https://example.com:demo", "", None),
    ("http://[www.example.com]/", "", None), ("https://example.org//", "", "https://example.org//"),
    ("https://example.com/[]?[]", "", "https://example.com/[]?[]"), ("https://example/%?%", "", "https://example/%?%"),
    ("https://example/%25?%25", "", "https://example/%25?%25"),
]  # fmt: skip


@pytest.mark.parametrize(("host", "expected"), STANDARD_HOSTS)
def test_the_standards_own_hosts_are_read_as_it_says_or_refused(
    host: str, expected: str | None
) -> None:
    try:
        ours = parse_url(f"https://{host}/")
    except AddressError:
        return
    assert ours.origin.removeprefix("https://") == expected


@pytest.mark.parametrize(("text", "base", "expected"), STANDARD_URLS)
def test_the_standards_own_urls_are_read_as_it_says_or_refused(
    text: str, base: str, expected: str | None
) -> None:
    """What it repairs may be refused; what it calls valid and of the web, without a password, must be read."""
    try:
        ours = str(parse_url(text, parse_url(base) if base else None))
    except AddressError:
        assert (
            expected is None or text[0] == "\\" or "@" in text or not text.startswith("https://e")
        )
        return
    assert ours == expected


hosts = st.one_of(
    st.text(
        st.sampled_from("0123456789abcdefxX.%-_:[]①②⑦⓪。．\u00adßİKé中"), min_size=1, max_size=20
    ),
    st.lists(
        st.one_of(
            st.integers(0, 2**33).map(str),
            st.integers(0, 2**33).map(hex),
            st.integers(0, 2**33).map(lambda n: f"0{n:o}"),
        ),
        min_size=1,
        max_size=5,
    ).map(".".join),
    st.ip_addresses(v=6).map(lambda ip: f"[{ip}]"),
    st.ip_addresses(v=6).map(lambda ip: f"[{ip.exploded}]"),
    st.ip_addresses(v=4).map(lambda ip: f"[::ffff:{ip}]"),
)


@given(
    hosts,
    st.sampled_from(["", ":80", ":443", ":8080", ":"]),
    st.sampled_from(["", "/", "/a/../b", "/?q=@x", "#@y", "/\u4e2d", "?\\"]),
)
@example("0x7f.1", "", "/")
@example("①②⑦.1", ":80", "/")
def test_an_accepted_url_has_the_host_that_the_url_standard_sees(
    host: str, port: str, rest: str
) -> None:
    """Security: a second parser (WHATWG's rules, in C++) never finds another host in what passed the guard."""
    text = f"http://{host}{port}{rest}"
    try:
        ours = parse_url(text)
    except AddressError:
        return
    theirs = ada_url.URL(text)
    assert ours.host == theirs.hostname.strip("[]").removesuffix(".")
    assert ours.port == int(theirs.port or 80)
    again = ada_url.URL(str(ours))
    assert again.hostname.strip("[]") == ours.host, "and what is sent is read the same way"


@given(st.text(max_size=80))
def test_reading_a_url_is_stable_and_never_fails_otherwise(text: str) -> None:
    try:
        url = parse_url(text)
    except AddressError:
        return
    assert parse_url(str(url)) == url
    assert str(url).isascii()


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
@example(ipaddress.ip_address("2001:db8::1"))
@example(ipaddress.ip_address("64:ff9b::8.8.8.8"))
def test_no_address_is_open_that_python_knows_to_be_special(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Oracle: the standard library's own tables, which are coarser in places."""
    if not address_problem(ip):
        assert ip.is_global
        assert not ip.is_multicast
        assert not ip.is_reserved


@pytest.mark.parametrize(
    ("address", "is_open"),
    [
        ("9.255.255.255", True), ("10.0.0.0", False), ("10.255.255.255", False), ("11.0.0.0", True), ("100.63.255.255", True),
        ("100.64.0.0", False), ("100.127.255.255", False), ("100.128.0.0", True), ("126.255.255.255", True), ("128.0.0.0", True),
        ("172.15.255.255", True), ("172.32.0.0", True), ("192.167.255.255", True), ("192.169.0.0", True), ("198.17.255.255", True),
        ("198.20.0.0", True), ("223.255.255.255", True), ("224.0.0.0", False), ("2000::", True), ("1fff:ffff::", False),
        ("3fff:1000::", True), ("3fff:fff::", False), ("4000::", False), ("2001:200::", True), ("2001:1ff::", False),
    ],
)  # fmt: skip
def test_the_edges_of_the_registries(address: str, is_open: bool) -> None:
    assert (not address_problem(ipaddress.ip_address(address))) == is_open


def policy(*hosts: str, net: str = "public") -> AddressPolicy:
    return AddressPolicy(net, hosts)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "opened", "closed"),
    [
        ("localhost:8000", "http://localhost:8000/", "http://localhost:8001/"),
        ("localhost", "http://localhost:9/", "http://localhost.example:9/"),
        ("127.0.0.1:8000", "http://2130706433:8000/", "http://127.0.0.2:8000/"),
        ("192.168.0.0/24", "http://192.168.0.7:81/", "http://192.168.1.7/"),
        ("[::1]:8080", "http://[::1]:8080/", "http://[::1]/"),
        ("fd00::/8", "http://[fd12::1]/", "http://[fe80::1]/"),
        ("*.corp.local", "http://wiki.corp.local:8443/", "http://corp.local/"),
        ("docs.corp.local.", "http://docs.corp.local/", "http://x.docs.corp.local/"),
    ],
)
def test_the_user_opens_exactly_what_is_named(rule: str, opened: str, closed: str) -> None:
    policy(rule).check_url(parse_url(opened))
    with pytest.raises(AddressError):
        policy(rule).check_url(parse_url(closed))


def test_an_opened_network_opens_no_name_that_leads_there() -> None:
    """Security: otherwise any site could point a name at the network that the user opened for addresses."""
    url = parse_url("http://evil.example/")
    with pytest.raises(AddressError):
        policy("127.0.0.0/8").check_addresses(url, ["127.0.0.1"])
    policy("evil.example").check_addresses(url, ["127.0.0.1"])


def test_one_private_answer_among_public_ones_closes_a_name() -> None:
    with pytest.raises(AddressError):
        AddressPolicy().check_addresses(
            parse_url("http://a.example/"), ["93.184.216.34", "10.0.0.1"]
        )


def test_an_allow_list_and_no_network_close_the_rest() -> None:
    with pytest.raises(AddressError, match="among"):
        policy("docs.example", net="allowlist").check_url(parse_url("http://example.com/"))
    policy("docs.example", net="allowlist").check_url(parse_url("http://docs.example/"))
    with pytest.raises(AddressError, match="no network"):
        policy("docs.example", net="none").check_url(parse_url("http://docs.example/"))


@pytest.mark.parametrize("rule", ["", "http://x", "a b", "x:99:1", "*", "user@x", "10.0.0.0/99"])
def test_a_rule_that_means_nothing_is_told_to_the_user(rule: str) -> None:
    with pytest.raises(BrowserConfigError, match="allow_hosts"):
        policy(rule)


BASE = WebURL("https", "a.example", 443, "/dir/page?q=1")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("x", "https://a.example/dir/x"),
        ("/x", "https://a.example/x"),
        ("../x", "https://a.example/x"),
        ("?y=2", "https://a.example/dir/page?y=2"),
        ("#frag", "https://a.example/dir/page?q=1"),
        ("//b.example/x", "https://b.example/x"),
        ("http://b.example", "http://b.example/"),
        ("a file.html", "https://a.example/dir/a%20file.html"),
        ("é?ü", "https://a.example/dir/%C3%A9?%C3%BC"),
        ("%2e%2e/x", "https://a.example/x"),
        ("/a//b", "https://a.example/a//b"),
    ],
)
def test_references_are_resolved_against_the_page(reference: str, expected: str) -> None:
    assert str(parse_url(reference, BASE)) == expected


@pytest.mark.parametrize(
    "reference",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:a@b",
        "file:///etc/passwd",
        "//user@x/",
        "http://[/",
    ],
)
def test_references_that_lead_out_of_the_web_are_refused(reference: str) -> None:
    with pytest.raises(AddressError):
        parse_url(reference, BASE)
