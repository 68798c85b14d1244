"""Who is told is read from the user's own configuration, which keeps its secrets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import configuration
from engine.errors import ConfigurationError, PresetError
from engine.notices.addressees import addressees
from engine.presets import preset as presets
from tests.engine.notices.conftest import Configure


def test_without_a_configuration_nobody_is_told(configure: Configure) -> None:
    assert not addressees()
    configure("[notify]\n")
    assert not addressees()


def test_a_command_and_a_webhook(configure: Configure) -> None:
    configure('[notify]\ncommand = ["say", "it"]\nwebhook = "https://example.com/s3cret"\n')
    told = addressees()
    assert told
    assert (told.command, told.webhook) == (("say", "it"), "https://example.com/s3cret")
    assert "s3cret" not in repr(told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[notify]\ncommand = "s3cret"', r"notify\.command: must be a list of texts"),
        ('[notify]\ncommand = ["s3cret\\u0000"]', r"notify\.command: must be a list of texts"),
        ('[notify]\nwebhook = "http://s3cret.example.com"', r"notify\.webhook: .*https://"),
        ('[notify]\nwebhook = "https://"', r"notify\.webhook: .*https://"),
        ('[notify]\nwebhook = "https://a b/s3cret"', r"notify\.webhook: .*https://"),
        ('[notify]\ns3cret = "https://a.b"', "notify: has a key that is none; there are: command"),
        ('s3cret = "https://a.b"', r"1 keys are none; there is \[notify\], \[runs\]"),
        ('notify = "s3cret"', r"notify: must be a table, \[notify\]"),
        ('[notify]\nwebhook = https://s3cret"', "is not TOML at line 2; see toml.io"),
    ],
)
def test_what_does_not_hold_is_said_without_what_stands_there(
    text: str, said: str, configure: Configure
) -> None:
    configure(text)
    with pytest.raises(ConfigurationError, match=rf"config\.toml: {said}") as error:
        addressees()
    assert "s3cret" not in str(error.value)


def test_what_is_no_file_is_not_waited_for(configure: Configure) -> None:
    configure("")
    path = configuration.folder() / "config.toml"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ConfigurationError, match="is a pipe, where a file should be"):
        addressees()


def test_a_preset_tells_nobody(tmp_path: Path) -> None:
    preset = tmp_path / "mine.toml"
    preset.write_text('[notify]\nwebhook = "https://example.com/s3cret"\n')
    for name, changes in ((str(preset), []), ("cubic", ["notify.command=['a']"])):
        with pytest.raises(PresetError, match=r"notify: .*own .*config\.toml") as error:
            presets.load(name, changes)
        assert "may come from anyone" in str(error.value)
        assert "s3cret" not in str(error.value)
