"""Text analysis: tokenizer, normalization, stemming, wildcards."""
