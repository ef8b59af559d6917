"""What a router does with requests: it selects models for them and takes in what became of them."""
