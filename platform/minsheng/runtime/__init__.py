"""What every room stands on: settings, sessions, work, clock, keys, logs, embedded servers."""
