"""The history of the database's shape, run by :mod:`minsheng.runtime.migrate`."""
