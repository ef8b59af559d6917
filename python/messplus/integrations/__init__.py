"""Where users already are: adapters of a router to gateways, clients and frameworks.

Each module is an extra of its own, ``messplus[litellm]`` and so on, and the rest of the package
imports none of them. All of them speak to a router through :class:`~.guard.Guard`, so that a
fault of ours never fails a request.
"""
