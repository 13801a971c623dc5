# SPDX-License-Identifier: Apache-2.0
# Copyright The Tocsin Authors
"""Reads a mailbox by IMAP, as a mail program does: read_mailbox.py PORT USER PASSWORD prints what is in it as JSON, the server's threads (RFC 5256) first."""
import email
import email.policy
import imaplib
import json
import re
import sys


def threads_in(answer):
    """The numbers in each of the outermost brackets."""
    threads, depth, begin = [], 0, 0
    for at, char in enumerate(answer):
        if char == "(":
            if depth == 0:
                begin = at
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                threads.append(sorted(int(n) for n in re.findall(r"\d+", answer[begin:at])))
    return threads


def read(box, number):
    raw = box.fetch(str(number), "(RFC822)")[1][0][1]
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    text = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    defects = [str(d) for part in mail.walk() for d in part.defects]
    defects += [str(d) for value in mail.values() for d in getattr(value, "defects", ())]
    return {
        "subject": mail["subject"],
        "from": [[a.display_name, a.addr_spec] for a in mail["from"].addresses],
        "to": [a.addr_spec for a in mail["to"].addresses],
        "date": mail["date"].datetime.isoformat(),
        "text": text.get_content(),
        "html": html.get_content(),
        "defects": defects,
    }


box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
box.login(sys.argv[2], sys.argv[3])
count = int(box.select("INBOX", readonly=True)[1][0])
threads = threads_in(box.thread("REFERENCES", "UTF-8", "ALL")[1][0].decode()) if count else []
print(json.dumps({"threads": threads, "mails": [read(box, i + 1) for i in range(count)]}))
