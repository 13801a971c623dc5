// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/language.h"

namespace tocsin {

extern const Language kEnglish;

constexpr Language kEnglish{
    "en",
    "{year}-{month}-{day}",
    {"ms", "s", "min", "h", "d"},
    whole({
        {Phrase::was, "was {state}"},
        {Phrase::was_for, "was {state} for {time}"},
        {Phrase::over_for, "{state} for {time}"},
        {Phrase::still, "still {state}"},
        {Phrase::it_was, "it was {state}"},
        {Phrase::reasoned, "{text}: {reason}"},
        {Phrase::messages_arrive, "messages arrive here"},
        {Phrase::lower_down, "down"},
        {Phrase::lower_degraded, "degraded"},
        {Phrase::lower_unknown, "unknown"},
        {Phrase::since, "since {time}"},
        {Phrase::since_ago, "since {time} ({ago} ago)"},
        {Phrase::probe_failed, "{count} probe failed"},
        {Phrase::probes_failed, "{count} probes failed"},
        {Phrase::probe_degraded, "{count} probe was degraded"},
        {Phrase::probes_degraded, "{count} probes were degraded"},
        {Phrase::probe_unsure, "{count} probe could not tell"},
        {Phrase::probes_unsure, "{count} probes could not tell"},
        {Phrase::lasted, "lasted {time}: {from} to {to}"},
        {Phrase::was_before, "was {state} before"},
        {Phrase::incident, "incident {number}"},
        {Phrase::target, "target: {value}"},
        {Phrase::now, "now: {value}"},
        {Phrase::runbook, "runbook: {value}"},
        {Phrase::about, "about: {value}"},
        {Phrase::labels, "labels: {value}"},
        {Phrase::late, "delivered late"},
        {Phrase::late_by, "delivered {time} late"},
        {Phrase::not_durable,
         "not durable (not stored on disk): a restart may lose or repeat this"},
        {Phrase::told_by, "told by {instance}"},
        {Phrase::more_folded, "… and {count} more"},
        {Phrase::lines_left_out, "… ({count} lines)"},
        {Phrase::a_test, "this is a test; nothing has happened"},
    })};

}  // namespace tocsin
