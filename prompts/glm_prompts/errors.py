"""What can go wrong between messages and tokens.

```
PromptError
└── MissingTokenError   the tokenizer lacks a control token that the dialect needs
```

What a *model* writes is never an error here: a turn that makes no sense is data (`CallCut`, an unknown name).
"""


class PromptError(Exception):
    """Base of this package's errors."""


class MissingTokenError(PromptError):
    """Raised when a dialect is built over a tokenizer that lacks one of its control tokens.

    Attributes:
        token: the token that is missing.
    """

    def __init__(self, dialect: str, token: str) -> None:
        super().__init__(
            f"The {dialect} dialect needs the control token {token!r}, and this tokenizer has none. "
            "Is the checkpoint of another model family?"
        )
        self.token = token
