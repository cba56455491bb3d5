# System tests: tests/system/test_*.py, run by tests/system/run.py.
SYSTEM_TESTS += tests/system/__init__.py tests/system/run.py
