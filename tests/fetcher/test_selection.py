import pytest

from fetcher.selection import select

OWNED = {"acme": ("acme/shop", "acme/Api", "acme/old"), "ana": ("ana/dotfiles",)}


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (["acme/shop"], ["acme/shop"]),
        (["acme/shop", "ACME/Shop"], ["ACME/Shop"]),
        (["acme/*"], ["acme/shop", "acme/Api", "acme/old"]),
        (["acme/*", "!acme/old"], ["acme/shop", "acme/Api"]),
        (["acme/*", "!ACME/OLD", "!acme/api"], ["acme/shop"]),
        (["acme/api", "acme/*"], ["acme/api", "acme/shop", "acme/old"]),
        (["acme/archived", "acme/*"], ["acme/archived", "acme/shop", "acme/Api", "acme/old"]),
        (["ana/*", "acme/shop"], ["acme/shop", "ana/dotfiles"]),
        (["nobody/*"], []),
    ],
)
def test_the_patterns_select(patterns: list[str], names: list[str]) -> None:
    assert list(select(patterns).names(OWNED)) == names


@pytest.mark.parametrize(
    ("patterns", "complaint"),
    [
        (["shop"], "'shop' is not owner/name, owner/"),
        (["acme/shop*"], "'acme/shop\\*' is not owner/name"),
        (["*/*"], "'\\*/\\*' is not owner/name"),
        (["a/b/c"], "'a/b/c' is not owner/name"),
        (["!acme/*"], "'!acme/\\*' leaves out all of an owner: leave out 'acme/\\*'"),
        (["acme/*", "acme/a", "!Acme/A"], "'Acme/A' is both named and left out"),
        (["ana/*", "!acme/a"], "'!acme/a' leaves out nothing: there is no 'acme/\\*'"),
    ],
)
def test_a_pattern_that_says_nothing_is_a_mistake(patterns: list[str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        select(patterns)
