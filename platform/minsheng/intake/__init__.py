"""From a source to a message: channels, their runs, the inbox, parsing and quarantine."""
