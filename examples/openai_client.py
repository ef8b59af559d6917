"""OpenAI's client: ask for the model ``messplus`` and the router chooses."""

import openai

from messplus import SLA, Model, Router, TokenPrice
from messplus.integrations.openai import RoutedOpenAI

router = Router(
    models=[
        Model("gpt-5-nano", TokenPrice(input=0.05, output=0.40, output_tokens=300)),
        Model("gpt-5", TokenPrice(input=1.25, output=10.00, output_tokens=300)),
    ],
    sla=SLA(target=0.85),
)

with openai.OpenAI() as plain:
    client = RoutedOpenAI(router, plain)
    answer = client.chat.completions.create(
        model="messplus",
        messages=[{"role": "user", "content": "What is the capital of France?"}],
        messplus={"tags": {"task": "qa"}},
    )
    print(answer.model, "says:", answer.choices[0].message.content)
    router.feedback(answer.decision_id, satisfied=True)

    stream = client.chat.completions.create(
        model="messplus", messages=[{"role": "user", "content": "And of Italy?"}], stream=True
    )
    for chunk in stream:
        print(chunk.choices[0].delta.content or "", end="")
    print()
    router.feedback(stream.decision_id, satisfied=True)

print(f"{router.report().decisions} decisions, cost {router.report().cost:.6f}")
