"""What pip is told about a machine, uv is told too."""

from clique_app.demo.install import like_pip


def test_uv_looks_where_pip_would() -> None:
    config = (
        ":env:.default-timeout='180'\n"
        "global.extra-index-url='file:///one/simple\\nfile:///two/simple'\n"
        "global.find-links='/wheels /more'\n"
        "global.index-url='https://far/simple'\n"
        "install.index-url='https://near/simple'\n"
        "global.quiet='1'\n"
    )
    assert like_pip(config) == {
        "UV_DEFAULT_INDEX": "https://near/simple",
        "UV_INDEX": "file:///one/simple file:///two/simple",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_HTTP_TIMEOUT": "180",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_what_the_environment_says_wins() -> None:
    assert like_pip(":env:.index-url='https://said/simple'\nglobal.index-url='https://written/simple'\n") == {
        "UV_DEFAULT_INDEX": "https://said/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


def test_a_machine_without_settings_uses_the_usual_index() -> None:
    assert "UV_DEFAULT_INDEX" not in like_pip("")
