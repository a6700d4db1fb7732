"""Text analysis: tokenizer, normalization, stemming, stop words, wildcards."""
