"""The HTTP calls of Dart code as a guide prints it, made one by one: there is no Dart here, so each call is read, not retyped.

A call has a method, a path, headers and a body whose values are names of variables; whoever makes it says what they are.
"""

import re

import requests

WAIT = 10
PAIRS = {"(": ")", "{": "}", "[": "]"}


class Call:
    """One `http.post(..)` or `dio.post(..)`, in the function that holds it."""

    def __init__(self, function: str, method: str, arguments: list[str], rest: str) -> None:
        self.function, self.method = function, method
        named = dict(re.match(r"(\w+):\s*(.*)", text, re.DOTALL).groups() for text in arguments[1:])
        place = re.search(r"'([^']*)'", arguments[0]).group(1)
        self.place = re.sub(r"^https?://[^/$]*", "", place)
        self.headers = entries(named.get("headers", "{}"))
        self.body = entries(named.get("body") or named.get("data") or "")
        expected = re.search(r"response\.statusCode == (\d+)", rest)
        self.expected = int(expected.group(1)) if expected else None
        self.reads = set(re.findall(r"\bdata\['(\w+)'\]", rest))

    def make(self, base: str, **known: object) -> requests.Response:
        """Makes it with these variables. A header or body names no other."""
        url = base + str(value(f"'{self.place}'", known))
        headers = {name: value(text, known) for name, text in self.headers.items()}
        body = {name: value(text, known) for name, text in self.body.items()}
        return requests.request(self.method, url, headers=headers, json=body or None, timeout=WAIT)

    def done(self, base: str, **known: object) -> dict:
        """The same, held to what the code demands of the answer: its status, and the fields that are read."""
        answer = self.make(base, **known)
        assert answer.status_code == (self.expected or 200), (self.function, answer.status_code, answer.text)
        told = answer.json()
        assert self.reads <= set(told), (self.function, self.reads, told)
        return told


def calls(blocks: list[str]) -> dict[str, Call]:
    """Every call, by the name of its function; by class and function where it has a class."""
    found = {}
    for block in blocks:
        for match in re.finditer(r"await (?:http|dio)\.(get|post)\(", block):
            before, after = block[: match.start()], block[match.end():]
            holder = re.findall(r"^class (\w+)", before, re.MULTILINE)
            function = re.findall(r"Future<.*?>+ (\w+)\(", before)[-1]
            name = f"{holder[-1]}.{function}" if holder else function
            assert name not in found, f"two calls in {name}"
            inner, rest = balanced(after, ")")
            ending = re.search(r"^ *Future<|^}", rest, re.MULTILINE)
            found[name] = Call(name, match.group(1), parted(inner), rest[: ending.start()] if ending else rest)
    return found


def balanced(text: str, end: str) -> tuple[str, str]:
    """What stands before the bracket `end` that closes the text, and what stands behind it."""
    waited, quote = [end], ""
    for at, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in PAIRS:
            waited.append(PAIRS[sign])
        elif sign == waited[-1]:
            waited.pop()
            if not waited:
                return text[:at], text[at + 1:]
    raise AssertionError(f"no end: {text}")


def parted(text: str) -> list[str]:
    """The parts between the commas that no bracket holds."""
    parts = [""]
    for sign in re.split(r"('[^']*'|.)", text, flags=re.DOTALL):
        depth = sum(map(parts[-1].count, "([{")) - sum(map(parts[-1].count, ")]}"))
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [part.strip() for part in parts if part.strip()]


def entries(text: str) -> dict[str, str]:
    """The map literal in the text: of each key the expression."""
    opened = text.find("{")
    if opened < 0:
        return {}
    inner, _ = balanced(text[opened + 1:], "}")
    pairs = [re.match(r"'([^']+)':\s*(.*)", part, re.DOTALL) for part in parted(inner)]
    return {pair.group(1): pair.group(2) for pair in pairs}


def value(text: str, known: dict) -> object:
    """The value of an expression: a text with variables in it, `null`, or a variable."""
    text = text.strip()
    if text.startswith("'"):
        return re.sub(r"\$(\w+)", lambda match: str(known[match.group(1)]), text[1:-1])
    return None if text == "null" else known[text]
