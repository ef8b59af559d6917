"""An application of one's own: it routes, and takes ratings from its page.

``uvicorn --app-dir examples fastapi_app:app``; all but the first line is the same in Starlette.
"""

import openai
from fastapi import FastAPI

from messplus import SLA, Model, Router, TokenPrice
from messplus.integrations.feedback import FeedbackRoute
from messplus.integrations.openai import RoutedAsyncOpenAI

router = Router(
    models=[
        Model("gpt-5-nano", TokenPrice(input=0.05, output=0.40, output_tokens=300)),
        Model("gpt-5", TokenPrice(input=1.25, output=10.00, output_tokens=300)),
    ],
    sla=SLA(target=0.85),
)
client = RoutedAsyncOpenAI(router, openai.AsyncOpenAI())
app = FastAPI()


@app.post("/ask")
async def ask(question: str) -> dict[str, str]:
    """Answer a question; the id is for the thumbs below the answer."""
    answer = await client.chat.completions.create(
        model="messplus", messages=[{"role": "user", "content": question}]
    )
    return {"answer": answer.choices[0].message.content, "id": answer.decision_id}


app.add_route("/feedback", FeedbackRoute(client.guard), methods=["POST"])
