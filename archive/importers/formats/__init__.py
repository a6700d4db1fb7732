"""Import formats, one module or package each: `KIND`, `TITLE`, `detect`, `count` and `read` (`item.Format`)."""
