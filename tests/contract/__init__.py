"""The contract suite: what every engine must do, run on every engine."""
