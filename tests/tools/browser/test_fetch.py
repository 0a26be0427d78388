import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glm_tools.browser.address import parse_url
from glm_tools.browser.errors import (
    AddressError,
    FetchCancelledError,
    FetchError,
    FetchTimeoutError,
    RobotsError,
)
from glm_tools.browser.fetch import Fetcher

MakeFetcher = Callable[..., Fetcher]
Respond = Callable[..., bytes]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


def redirect(location: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode(
        "latin-1"
    )


def bomb(megabytes: int) -> bytes:
    """Members of a megabyte of zeros each."""
    return gzip.compress(bytes(1_000_000)) * megabytes


def test_a_page_arrives_with_an_honest_request(
    server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    server.pages["/x"] = response(b"hi", headers=("Set-Cookie: a=b",))
    got = make_fetcher().get(parse_url(server.url("/x")))
    assert (got.status, got.body, got.truncation, got.content_type) == (200, b"hi", "", "text/html")
    head = server.requests[0].lower()
    assert "user-agent: glm-agent/" in head
    for absent in ("cookie:", "referer:", "authorization:", "br", "zstd"):
        assert absent not in head.replace("browser", "")


def test_cookies_are_never_sent_back(
    server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    server.pages["/a"] = redirect("/b").replace(
        b"\r\n\r\n", b"\r\nSet-Cookie: id=7; Path=/\r\n\r\n"
    )
    server.pages["/b"] = response(b"hi")
    make_fetcher().get(parse_url(server.url("/a")))
    assert "cookie" not in server.requests[1].lower()


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/", "http://[::1]/", "http://0.0.0.0/", "//10.0.0.1/", "http://2130706433:1/", "http://127.0.0.1:22/",
        "http://user:pw@example.com/", "file:///etc/passwd", "gopher://127.0.0.1:6379/", "ftp://example.com/", "data:text/html,x",
        "javascript:alert(1)", "http://example.com\\@127.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://localhost:22/", "http://private.example/",
    ],
)  # fmt: skip
def test_a_redirect_opens_nothing_that_is_closed(
    location: str, server: Any, make_fetcher: MakeFetcher, resolver: Any, connections: Any
) -> None:
    """W02-W06: every hop is checked anew, before a socket exists."""
    server.pages["/r"] = redirect(location)
    fetcher = make_fetcher(
        resolve=resolver(private_example="10.1.2.3", localhost="127.0.0.1", example_com="127.0.0.1")
    )
    with pytest.raises(AddressError):
        fetcher.get(parse_url(server.url("/r")))
    assert set(connections.addresses) == {("127.0.0.1", server.port)}
    assert len(server.requests) == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.1"])
def test_no_payload_makes_a_connection_as_a_url_or_as_a_redirect(
    address: str,
    spellings: Callable[[str], list[str]],
    server: Any,
    make_fetcher: MakeFetcher,
    resolver: Any,
    connections: Any,
) -> None:
    """Security, judged: 0 requests that should not be. Each host also resolves to the address, whatever it looks like."""

    def resolve(host: str, port: int, *rest: Any) -> Any:
        return resolver()(address, port)

    fetcher = make_fetcher(resolve=resolve, allow=(f"localhost:{server.port}",))
    start = server.url("/r", "localhost")
    served = 0
    for host in spellings(address):
        location = f"http://{host}/latest/"
        with pytest.raises(AddressError):
            fetcher.get(parse_url(location))
        if "\t" in host or address != "127.0.0.1":  # the start itself is on 127.0.0.1
            continue
        server.pages["/r"] = (
            f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        with pytest.raises(AddressError):
            fetcher.get(parse_url(start))
        served += 1
    assert set(connections.addresses) <= {("127.0.0.1", server.port)}
    assert len(server.requests) == len(connections.addresses) == served


def test_a_redirect_loop_ends(server: Any, make_fetcher: MakeFetcher) -> None:
    server.pages["/loop"] = redirect("/loop")
    with pytest.raises(FetchError, match="redirects"):
        make_fetcher(timeout_s=5).get(parse_url(server.url("/loop")))
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["93.184.216.34", "10.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%1"],
    ],
)
def test_a_name_that_leads_inside_is_not_connected_to(
    answers: list[str], make_fetcher: MakeFetcher, resolver: Any, connections: Any
) -> None:
    """W20, W21."""
    fetcher = make_fetcher(resolve=resolver(rebind_example=answers))
    with pytest.raises(AddressError, match="not public"):
        fetcher.get(parse_url("http://rebind.example/"))
    assert connections.addresses == []


def test_the_address_that_was_checked_is_the_one_connected_to(
    server: Any, make_fetcher: MakeFetcher, resolver: Any, response: Respond, connections: Any
) -> None:
    """W22: a name server that answers differently the second time is not asked a second time."""
    server.pages["/"] = response(b"first")
    answers = [resolver(rebind_example="127.0.0.1"), resolver(rebind_example="127.0.0.2")]

    def rebinding(host: str, *rest: Any) -> Any:
        return answers.pop(0)(host, *rest)

    fetcher = make_fetcher(allow=(f"rebind.example:{server.port}",), resolve=rebinding)
    assert fetcher.get(parse_url(server.url("/", "rebind.example"))).body == b"first"
    assert len(answers) == 1
    assert connections.addresses == [("127.0.0.1", server.port)]


def test_each_hop_is_resolved_and_checked_anew(
    server: Any, make_fetcher: MakeFetcher, resolver: Any, connections: Any
) -> None:
    """W22: a name that was public for the first hop and is private for the second is refused there."""
    server.pages["/"] = redirect("http://rebind.example/inside")
    answers = [resolver(), resolver(rebind_example="10.0.0.1")]

    def rebinding(host: str, *rest: Any) -> Any:
        return answers.pop(0)(host, *rest)

    with pytest.raises(AddressError, match=r"10\.0\.0\.1"):
        make_fetcher(resolve=rebinding).get(parse_url(server.url("/")))
    assert connections.addresses == [("127.0.0.1", server.port)]


def test_a_name_that_the_user_opened_may_lead_inside(
    server: Any, make_fetcher: MakeFetcher, resolver: Any, response: Respond
) -> None:
    server.pages["/"] = response(b"wiki")
    fetcher = make_fetcher(
        allow=(f"wiki.corp.local:{server.port}",), resolve=resolver(wiki_corp_local="127.0.0.1")
    )
    assert fetcher.get(parse_url(server.url("/", "wiki.corp.local"))).body == b"wiki"
    assert f"host: wiki.corp.local:{server.port}" in server.requests[0].lower()


CLOSED_ANSWERS = st.lists(
    st.sampled_from(
        ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "0.0.0.0", "224.0.0.1", "100.100.100.200", "::1", "fe80::1",
         "fd00:ec2::254", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "2001:0:a00:1::", "ff02::1"]
    ),
    min_size=1,
    max_size=4,
)  # fmt: skip


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=CLOSED_ANSWERS,
    position=st.integers(0, 4),
    public=st.lists(st.sampled_from(["93.184.216.34", "2606:2800:220:1::1"]), max_size=3),
)
def test_whatever_a_rebinding_name_server_mixes_nothing_is_connected_to(
    first: list[str],
    position: int,
    public: list[str],
    make_fetcher: MakeFetcher,
    resolver: Any,
    connections: Any,
) -> None:
    """Security: public addresses before, between and after closed ones; then only public ones, had it been asked again."""
    answers = [*public[:position], *first, *public[position:]]
    lookups: list[str] = []

    def rebinding(host: str, *rest: Any) -> Any:
        lookups.append(host)
        mixed = answers if len(lookups) == 1 else ["93.184.216.34"]
        return resolver(rebind_example=mixed)(host, *rest)

    with pytest.raises(AddressError, match="not public"):
        make_fetcher(resolve=rebinding).get(parse_url("http://rebind.example/"))
    assert lookups == ["rebind.example"]
    assert connections.addresses == []


def test_no_network_means_no_socket_and_no_lookup(
    make_fetcher: MakeFetcher, connections: Any
) -> None:
    def fail(*rest: Any) -> Any:
        raise AssertionError("a name was looked up")

    with pytest.raises(AddressError):
        make_fetcher(net="none", resolve=fail).get(parse_url("http://example.com/"))
    assert connections.addresses == []


def stall(connection: socket.socket, path: str, head: str) -> None:
    connection.recv(1)  # until the client gives up


def drip(connection: socket.socket, path: str, head: str) -> None:
    connection.sendall(OK + b"\r\n")
    connection.settimeout(0.05)
    while True:
        connection.sendall(b"x")
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            continue


def drip_header(connection: socket.socket, path: str, head: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    connection.settimeout(0.05)
    while True:
        connection.sendall(b"x")
        try:
            if not connection.recv(1):
                return
        except TimeoutError:
            continue


def endless(connection: socket.socket, path: str, head: str) -> None:
    connection.sendall(OK + b"\r\n")
    while True:
        connection.sendall(b"x" * 65536)


def endless_chunks(connection: socket.socket, path: str, head: str) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def many_headers(connection: socket.socket, path: str, head: str) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(100_000):
        connection.sendall(b"X-%d: a\r\n" % number)


def continue_forever(connection: socket.socket, path: str, head: str) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)


@pytest.mark.parametrize("answer", [stall, drip_header, many_headers, continue_forever])
def test_a_server_without_an_answer_is_given_up(
    answer: Any, server: Any, make_fetcher: MakeFetcher
) -> None:
    """W10, W13, W15, W19: the time is for the whole transfer, not for each byte of it."""
    server.pages["/"] = answer
    with pytest.raises(FetchError):
        make_fetcher(timeout_s=0.4).get(parse_url(server.url("/")))


def test_a_slow_body_is_cut_and_marked(server: Any, make_fetcher: MakeFetcher) -> None:
    server.pages["/"] = drip
    got = make_fetcher(timeout_s=0.5).get(parse_url(server.url("/")))
    assert got.truncation == "time"
    assert got.body.strip(b"x") == b""
    assert got.body


@pytest.mark.parametrize("answer", [endless, endless_chunks])
def test_an_endless_body_is_cut_and_marked(
    answer: Any, server: Any, make_fetcher: MakeFetcher
) -> None:
    """W11."""
    server.pages["/"] = answer
    got = make_fetcher(timeout_s=10, body_limit_bytes=300_000).get(parse_url(server.url("/")))
    assert (len(got.body), got.truncation) == (300_000, "size")


def pause(connection: socket.socket) -> None:
    """Say nothing for a tenth of a second, or until the client has gone."""
    connection.settimeout(0.1)
    try:
        connection.recv(1)
    except TimeoutError:
        return


def slow_hop(connection: socket.socket, path: str, head: str) -> None:
    pause(connection)
    connection.sendall(redirect(path + "x"))


def slow_chunk_header(connection: socket.socket, path: str, head: str) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n1;")
    while True:
        pause(connection)
        connection.sendall(b"x")


def endless_trailers(connection: socket.socket, path: str, head: str) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n")
    while True:
        connection.sendall(b"X-Trailer: a\r\n" * 100)


def dripped_gzip(connection: socket.socket, path: str, head: str) -> None:
    """A header that begins a file name and never ends it: compressed bytes that never become text."""
    connection.sendall(OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08" + bytes(6))
    while True:
        pause(connection)
        connection.sendall(b"n")


def endless_gzip(connection: socket.socket, path: str, head: str) -> None:
    """Members without content: the input has no end, and the output never grows."""
    connection.sendall(OK + b"Content-Encoding: gzip\r\n\r\n")
    while True:
        connection.sendall(gzip.compress(b"") * 1000)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "answer",
    [slow_hop, slow_chunk_header, endless_trailers, dripped_gzip, endless_gzip],
)
def test_what_makes_no_progress_ends_with_its_time(
    answer: Any, server: Any, make_fetcher: MakeFetcher
) -> None:
    """The time is for all hops together, and output that does not grow is bounded by it as well."""
    for length in range(8):
        server.pages["/" + "x" * length] = answer
    try:
        got = make_fetcher(timeout_s=0.4, max_redirects=20).get(parse_url(server.url("/")))
    except FetchError:
        return
    assert (got.body, got.truncation) in {(b"", ""), (b"", "time")}


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_decompression_bomb_stops_at_the_limit(
    encoding: str, server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    """W07: a gigabyte of zeros, of which the limit and one piece are ever held."""
    body = bomb(1000) if encoding == "gzip" else zlib.compress(bytes(50_000_000), 9)
    server.pages["/"] = response(body, headers=(f"Content-Encoding: {encoding}",))
    got = make_fetcher(timeout_s=20, body_limit_bytes=1_000_000).get(parse_url(server.url("/")))
    assert (len(got.body), got.truncation) == (1_000_000, "size")


def test_compressed_pages_are_read_in_all_their_forms(
    server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    raw = zlib.compressobj(wbits=-15)
    forms = {
        "/gzip": ("gzip", gzip.compress(b"page")),
        "/members": ("x-gzip", gzip.compress(b"pa") + gzip.compress(b"ge")),
        "/padded": ("gzip", gzip.compress(b"page") + b"\0\0\0"),
        "/zlib": ("deflate", zlib.compress(b"page")),
        "/raw": ("deflate", raw.compress(b"page") + raw.flush()),
        "/none": ("identity", b"page"),
    }
    for path, (encoding, body) in forms.items():
        server.pages[path] = response(body, headers=(f"Content-Encoding: {encoding}",))
        assert make_fetcher().get(parse_url(server.url(path))).body == b"page", path


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "gzip"])
def test_encodings_that_were_not_asked_for_or_are_broken_are_refused(
    encoding: str, server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    """W08, W09."""
    server.pages["/"] = response(b"hello", headers=(f"Content-Encoding: {encoding}",))
    with pytest.raises(FetchError):
        make_fetcher().get(parse_url(server.url("/")))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\nxx\r\n0\r\n\r\n",
        b"HTTP/1.1 999999 \r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello",
    ],
)
def test_what_is_not_http_is_an_error_and_not_a_crash(
    answer: bytes, server: Any, make_fetcher: MakeFetcher
) -> None:
    """W12, W14, W17, W18."""
    server.pages["/"] = answer
    with pytest.raises(FetchError) as raised:
        make_fetcher().get(parse_url(server.url("/")))
    assert "0x" not in str(raised.value)


@pytest.mark.parametrize(
    ("length", "body", "truncation"),
    [(b"1000000", b"short", "connection"), (b"2", b"sh", ""), (b"-5", b"short", "")],
)
def test_a_length_that_lies_costs_at_most_the_rest(
    length: bytes, body: bytes, truncation: str, server: Any, make_fetcher: MakeFetcher
) -> None:
    """W12."""
    server.pages["/"] = OK + b"Content-Length: " + length + b"\r\n\r\nshort"
    got = make_fetcher().get(parse_url(server.url("/")))
    assert (got.body, got.truncation) == (body, truncation)


def test_what_holds_no_text_is_named_and_not_transferred(
    server: Any, make_fetcher: MakeFetcher
) -> None:
    """W16, W39: the body is never read, so an endless image costs nothing."""
    sent = threading.Event()

    def image(connection: socket.socket, path: str, head: str) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 99999999\r\n\r\n"
        )
        sent.set()
        while True:
            connection.sendall(b"x" * 65536)

    server.pages["/"] = image
    got = make_fetcher(timeout_s=5).get(parse_url(server.url("/")))
    assert (got.body, got.content_type, got.headers["content-length"]) == (
        b"",
        "image/png",
        "99999999",
    )


@pytest.mark.parametrize(
    "status", ["404 Not Found", "500 Oops", "403 Forbidden", "304 Not Modified"]
)
def test_other_statuses_are_errors_with_their_number(
    status: str, server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    server.pages["/"] = response(b"", status=status)
    with pytest.raises(FetchError) as raised:
        make_fetcher().get(parse_url(server.url("/")))
    assert raised.value.status == int(status[:3])


@pytest.mark.parametrize(
    "retry_after", ["99999", format_datetime(datetime.now(UTC) + timedelta(hours=9), usegmt=True)]
)
def test_a_site_that_asks_to_wait_is_left_alone(
    retry_after: str, server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    """W41: without sleeping for a day, and without asking again."""
    server.pages["/"] = response(
        b"", status="429 Too Many Requests", headers=(f"Retry-After: {retry_after}",)
    )
    fetcher = make_fetcher()
    with pytest.raises(FetchError, match="wait"):
        fetcher.get(parse_url(server.url("/")))
    with pytest.raises(FetchError, match="not to be asked"):
        fetcher.get(parse_url(server.url("/other")))
    assert len(server.requests) == 1


ROBOTS = b"User-agent: *\nDisallow: /private\nAllow: /private/open\n\nUser-agent: glm-agent\nDisallow: /models\nDisallow: /*.cgi$\n"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True),
        ("/private", True),
        ("/models/x", False),
        ("/%6Dodels/", False),
        ("/a/../models/", False),
        ("/x.cgi", False),
        ("/x.cgi?y", True),
    ],
)
def test_robots_txt_is_obeyed_as_the_agent_that_it_names(
    path: str, allowed: bool, server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    server.pages["/robots.txt"] = response(ROBOTS, "text/plain")
    target = parse_url(server.url(path))
    server.pages[target.target] = response(b"page")
    fetcher = make_fetcher(robots=True)
    if allowed:
        assert fetcher.get(target).body == b"page"
    else:
        with pytest.raises(RobotsError):
            fetcher.get(target)
        assert server.paths == ["/robots.txt"]


@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.1 503 Oops\r\nContent-Length: 0\r\n\r\n", False),
        (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<h1>Hello</h1>\n",
            True,
        ),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nUser-agent: *\nDisallow: /\n", False),
        (b"\xff\xfe garbage", False),
        (endless, True),
    ],
)
def test_robots_txt_in_all_its_states(
    answer: Any, allowed: bool, server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    """W45 and RFC 9309, section 2.3.1: missing allows, failing forbids, more than 500 KiB is not read."""
    server.pages["/robots.txt"] = answer
    server.pages["/"] = response(b"page")
    fetcher = make_fetcher(robots=True, timeout_s=5)
    if allowed:
        assert fetcher.get(parse_url(server.url("/"))).body == b"page"
    else:
        with pytest.raises((RobotsError, FetchError)):
            fetcher.get(parse_url(server.url("/")))
        assert "/" not in server.paths


def test_an_address_that_is_refused_is_that_of_the_page_not_of_its_robots_txt(
    make_fetcher: MakeFetcher,
) -> None:
    with pytest.raises(AddressError, match=r"10\.0\.0\.1/page"):
        make_fetcher(robots=True).get(parse_url("http://10.0.0.1/page"))


def test_robots_txt_is_asked_for_once_and_for_each_hop(
    server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    server.pages["/robots.txt"] = response(b"User-agent: *\nDisallow: /hidden", "text/plain")
    server.pages["/a"] = response(b"a")
    server.pages["/b"] = redirect("/hidden")
    fetcher = make_fetcher(robots=True)
    fetcher.get(parse_url(server.url("/a")))
    with pytest.raises(RobotsError):
        fetcher.get(parse_url(server.url("/b")))
    assert server.paths == ["/robots.txt", "/a", "/b"]


def test_requests_to_one_host_keep_their_distance(
    server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    """A lower bound, so a busy machine cannot break it: the third may not start before two pauses are over."""
    arrivals: list[float] = []

    def note(connection: socket.socket, path: str, head: str) -> None:
        arrivals.append(time.monotonic())
        connection.sendall(response(b"x"))

    fetcher = make_fetcher(host_interval_s=0.2, timeout_s=5)
    for path in ("/1", "/2", "/3"):
        server.pages[path] = note
    threads = [
        threading.Thread(target=fetcher.get, args=(parse_url(server.url(path)),))
        for path in ("/1", "/2", "/3")
    ]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    arrivals.sort()
    assert arrivals[1] - started >= 0.2
    assert arrivals[2] - started >= 0.4


def test_a_page_is_fetched_once_while_it_is_fresh(
    server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    server.pages["/"] = response(b"one")
    fetcher = make_fetcher()
    first, second = (fetcher.get(parse_url(server.url("/"))) for _ in range(2))
    assert first is second
    assert len(server.requests) == 1


def test_a_stale_page_is_confirmed_with_its_validators(
    server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    def validate(connection: socket.socket, path: str, head: str) -> None:
        if 'if-none-match: "v1"' in head.lower():
            connection.sendall(b"HTTP/1.1 304 Not Modified\r\n\r\n")
        else:
            connection.sendall(response(b"one", headers=('ETag: "v1"', "Cache-Control: no-cache")))

    server.pages["/"] = validate
    fetcher = make_fetcher()
    first, second = (fetcher.get(parse_url(server.url("/"))) for _ in range(2))
    assert (second.body, second.fetched_at) == (b"one", first.fetched_at)
    assert len(server.requests) == 2


def test_what_must_not_be_stored_is_not(
    server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    server.pages["/"] = response(
        b"one", headers=('ETag: "v1"', "Cache-Control: no-store, max-age=99")
    )
    fetcher = make_fetcher()
    for _ in range(2):
        fetcher.get(parse_url(server.url("/")))
    assert all("if-none-match" not in head.lower() for head in server.requests)
    assert len(server.requests) == 2


def test_the_cache_stays_within_its_bytes(
    server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    fetcher = make_fetcher(cache_limit_bytes=250)
    for number in range(3):
        server.pages[f"/{number}"] = response(b"x" * 100)
        fetcher.get(parse_url(server.url(f"/{number}")))
    for number in (2, 1, 0):
        fetcher.get(parse_url(server.url(f"/{number}")))
    assert server.paths == ["/0", "/1", "/2", "/0"]


def test_cancelling_ends_a_transfer_at_once_and_hangs_up(
    server: Any, make_fetcher: MakeFetcher
) -> None:
    """The limit is ten minutes; the test would run into its own timeout if anything waited for the socket."""
    cancel, hung_up = threading.Event(), threading.Event()

    def wait_for_the_end(connection: socket.socket, path: str, head: str) -> None:
        cancel.set()
        if connection.recv(1) == b"":
            hung_up.set()

    server.pages["/"] = wait_for_the_end
    with pytest.raises(FetchCancelledError):
        make_fetcher(timeout_s=600).get(parse_url(server.url("/")), cancel=cancel)
    assert hung_up.wait(8)


def test_cancelling_does_not_wait_for_a_name_lookup(make_fetcher: MakeFetcher) -> None:
    """`getaddrinfo` cannot be interrupted; it is left behind."""
    cancel, release = threading.Event(), threading.Event()

    def hang(*rest: Any) -> Any:
        cancel.set()
        release.wait(60)
        raise socket.gaierror

    with pytest.raises(FetchCancelledError):
        make_fetcher(resolve=hang, timeout_s=600).get(
            parse_url("http://example.com/"), cancel=cancel
        )
    release.set()


def test_a_lookup_that_hangs_runs_into_the_limit(make_fetcher: MakeFetcher) -> None:
    release = threading.Event()

    def hang(*rest: Any) -> Any:
        release.wait(60)
        raise socket.gaierror

    with pytest.raises(FetchTimeoutError):
        make_fetcher(resolve=hang, timeout_s=0.2).get(parse_url("http://example.com/"))
    release.set()


def test_whoever_waits_is_told_how_far_a_page_is(server: Any, make_fetcher: MakeFetcher) -> None:
    """Also before the first byte: a server that says nothing is slow too. Each side waits for the other, not for time."""
    seen: list[int] = []
    was_told, body_was_told = threading.Event(), threading.Event()

    def progress(url: str, received_bytes: int) -> None:
        assert url == server.url("/")
        seen.append(received_bytes)
        (body_was_told if received_bytes else was_told).set()

    def answer(connection: socket.socket, path: str, head: str) -> None:
        assert was_told.wait(20)
        connection.sendall(OK + b"Content-Length: 200001\r\n\r\n" + b"x" * 200_000)
        assert body_was_told.wait(20)
        connection.sendall(b"x")

    server.pages["/"] = answer
    got = make_fetcher().get(parse_url(server.url("/")), progress=progress)
    assert len(got.body) == 200_001
    assert seen == sorted(seen)
    assert seen[0] == 0


def test_tls_is_verified_against_the_name_and_ssl_cert_file(
    resolver: Any,
    make_fetcher: MakeFetcher,
    response: Respond,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The connection goes to the checked address, the certificate is checked for the name."""
    import ssl

    import trustme

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("good.example").configure_cert(context)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def serve() -> None:
        for _ in range(3):
            connection, _ = listener.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(65536)
                    secure.sendall(response(b"secret"))
            except OSError:
                continue

    threading.Thread(target=serve, daemon=True).start()
    bundle = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(bundle)
    fetcher = make_fetcher(
        allow=(f"good.example:{port}", f"bad.example:{port}"),
        resolve=resolver(good_example="127.0.0.1", bad_example="127.0.0.1"),
        timeout_s=5,
    )
    with pytest.raises(FetchError, match="TLS"):
        fetcher.get(parse_url(f"https://good.example:{port}/"))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    assert fetcher.get(parse_url(f"https://good.example:{port}/")).body == b"secret"
    with pytest.raises(FetchError, match="TLS"):
        fetcher.get(parse_url(f"https://bad.example:{port}/"))
    listener.close()


def test_a_proxy_of_the_environment_is_used_and_inner_names_are_refused_before_it(
    server: Any,
    make_fetcher: MakeFetcher,
    resolver: Any,
    response: Respond,
    connections: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server.pages["http://outside.example/"] = response(b"through the proxy")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    fetcher = make_fetcher(allow=(), resolve=resolver(inside_example="10.0.0.1"))
    assert fetcher.get(parse_url("http://outside.example/")).body == b"through the proxy"
    for closed in (
        "http://inside.example/",
        "http://169.254.169.254/",
        "http://intranet/",
        "http://nas.local/",
    ):
        with pytest.raises(AddressError):
            fetcher.get(parse_url(closed))
    assert server.paths == ["http://outside.example/"]
    assert set(connections.addresses) == {("127.0.0.1", server.port)}


def test_https_goes_through_a_proxy_by_connect(
    server: Any, make_fetcher: MakeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{server.port}")
    with pytest.raises(FetchError):
        make_fetcher(allow=()).get(parse_url("https://outside.example/"))
    assert server.requests[0].startswith("CONNECT outside.example:443 ")


def test_a_service_of_the_users_is_reached_where_pages_are_not(
    server: Any, make_fetcher: MakeFetcher, response: Respond
) -> None:
    server.pages["/search?q=a+b"] = response(b"{}", "application/json")
    fetcher = make_fetcher(allow=())
    url = parse_url(server.url("/search"))
    assert fetcher.call_api("GET", url, params={"q": "a b"}).body == b"{}"
    with pytest.raises(AddressError):
        fetcher.get(url)
    server.pages["/search"] = redirect("http://169.254.169.254/")
    with pytest.raises(FetchError, match="302"):
        fetcher.call_api("POST", url, json={"q": 1})


def test_neither_netrc_nor_a_proxy_that_is_switched_off_is_used(
    server: Any,
    make_fetcher: MakeFetcher,
    response: Respond,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The password file of the user's is not for pages that a model opens."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    server.pages["/"] = response(b"direct")
    fetcher = make_fetcher(proxy="off")
    assert fetcher.get(parse_url(server.url("/"))).body == b"direct"
    assert "authorization" not in server.requests[0].lower()
