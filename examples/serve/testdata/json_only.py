"""A hook of schemathesis: of the bodies of requests only JSON, the one whose schema says all that is to be refused."""
import schemathesis


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for methods in raw_schema["paths"].values():
        for operation in methods.values():
            content = operation.get("requestBody", {}).get("content", {})
            for kind in [k for k in content if k != "application/json"]:
                del content[kind]
