"""LangChain: an agent whose every call is routed, and a chain with a routed chat model."""

from langchain.agents import create_agent
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI

from messplus import SLA, Model, Router, TokenPrice
from messplus.integrations.langchain import DECISION_ID, MessPlusMiddleware, RoutedChatModel

router = Router(
    models=[
        Model("gpt-5-nano", TokenPrice(input=0.05, output=0.40, output_tokens=300)),
        Model("gpt-5", TokenPrice(input=1.25, output=10.00, output_tokens=300)),
    ],
    sla=SLA(target=0.85),
)
models = {name: ChatOpenAI(model=name, stream_usage=True) for name in ("gpt-5-nano", "gpt-5")}

agent = create_agent(models["gpt-5"], tools=[], middleware=[MessPlusMiddleware(router, models)])
state = agent.invoke({"messages": [{"role": "user", "content": "What is the capital of France?"}]})
answer = state["messages"][-1]
print("the agent says:", answer.content)
router.feedback(answer.response_metadata[DECISION_ID], satisfied=True)

chain = ChatPromptTemplate.from_messages([("user", "{question}")]) | RoutedChatModel(router, models)
answer = chain.invoke({"question": "And of Italy?"})
print("the chain says:", answer.content)
router.feedback(answer.response_metadata[DECISION_ID], satisfied=True)

print(f"{router.report().decisions} decisions, cost {router.report().cost:.6f}")
