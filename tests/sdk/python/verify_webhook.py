"""Verifies a webhook with the official standardwebhooks library.

Reads {"secret": "whsec_...", "headers": {...}, "body": "..."} from standard input. Exits 0 when the signature holds,
1 with the reason when it does not.
"""

import json
import sys

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

received = json.load(sys.stdin)
try:
    Webhook(received["secret"]).verify(received["body"], received["headers"])
except WebhookVerificationError as error:
    sys.exit(f"not verified: {error}")
print("verified")
