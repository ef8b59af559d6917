"""An OpenAI-compatible gateway for those without one: ``messplus serve --config messplus.toml``.

It is thin: it reads requests, asks the router, passes them to upstreams in the decision's order and
the answer back. Beside the router's own keys the file has one table::

    [serve]
    port = 8080

    [[serve.upstreams]]
    url = "https://api.openai.com/v1"
    key_env = "OPENAI_API_KEY"
    models = ["gpt-5-nano", "gpt-5"]
"""
