"""Server processes: Granian workers, index process, warm-up."""
