import pytest

pytest.register_assert_rewrite("tests.system.dashboard", "tests.system.pull")
