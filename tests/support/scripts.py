"""The scripts of the checkout as modules; they are no package."""

import importlib.util
from types import ModuleType

from marketplace.config import PROJECT_ROOT


def load_script(name: str) -> ModuleType:
    """`scripts/<name>.py`."""
    spec = importlib.util.spec_from_file_location(name, PROJECT_ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
