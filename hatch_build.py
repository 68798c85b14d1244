"""What a wheel is built with: the compiled steps of this architecture go into it.

A wheel that was built where there is no C compiler has none: where it is installed they are
compiled once, as they are from a checkout.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompiledSteps(BuildHookInterface):
    """Compiles a library for each kind of number and each level of this architecture's CPUs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put them into the wheel, which is then one for this platform, for any Python."""
        if version == "editable":
            return
        compiler = shlex.split(os.environ.get("CC", "cc"))
        if shutil.which(compiler[0]) is None:
            self.app.display_warning(f"no {compiler[0]}: the wheel has no compiled steps")
            return
        sys.path.insert(0, self.root)
        from engine.gradients.compiled import levels
        from engine.gradients.compiled.source import library_text

        norms = Path(self.root, "engine/loops/norms.h").read_text("utf-8")
        texts = [library_text("float"), library_text("double"), norms]
        self.made = tempfile.mkdtemp()
        inside = levels.FOLDER.relative_to(self.root)
        for path in levels.build(texts, compiler, Path(self.made)):
            build_data["force_include"][str(path)] = str(inside / path.name)
        system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"], build_data["tag"] = False, f"py3-none-{system}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact: str) -> None:
        """Throw away what is in the wheel by now."""
        if made := getattr(self, "made", ""):
            shutil.rmtree(made)
