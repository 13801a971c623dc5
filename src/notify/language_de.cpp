// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/language.h"

namespace tocsin {

extern const Language kGerman;

constexpr Language kGerman{
    "de",
    "{day}.{month}.{year}",
    {"ms", "s", "min", "h", "d"},
    whole({
        {Phrase::was, "war {state}"},
        {Phrase::was_for, "war {time} lang {state}"},
        {Phrase::over_for, "{time} lang {state}"},
        {Phrase::still, "weiterhin {state}"},
        {Phrase::it_was, "war {state}"},
        {Phrase::reasoned, "{text}: {reason}"},
        {Phrase::messages_arrive, "Nachrichten kommen hier an"},
        {Phrase::lower_down, "ausgefallen"},
        {Phrase::lower_degraded, "beeinträchtigt"},
        {Phrase::lower_unknown, "unbekannt"},
        {Phrase::since, "seit {time}"},
        {Phrase::since_ago, "seit {time} (vor {ago})"},
        {Phrase::probe_failed, "{count} Prüfung fehlgeschlagen"},
        {Phrase::probes_failed, "{count} Prüfungen fehlgeschlagen"},
        {Phrase::probe_degraded, "{count} Prüfung beeinträchtigt"},
        {Phrase::probes_degraded, "{count} Prüfungen beeinträchtigt"},
        {Phrase::probe_unsure, "{count} Prüfung ohne Ergebnis"},
        {Phrase::probes_unsure, "{count} Prüfungen ohne Ergebnis"},
        {Phrase::lasted, "Dauer {time}: {from} bis {to}"},
        {Phrase::was_before, "vorher {state}"},
        {Phrase::incident, "Vorfall {number}"},
        {Phrase::target, "Ziel: {value}"},
        {Phrase::now, "jetzt: {value}"},
        {Phrase::runbook, "Anleitung: {value}"},
        {Phrase::about, "Beschreibung: {value}"},
        {Phrase::labels, "Labels: {value}"},
        {Phrase::late, "verspätet zugestellt"},
        {Phrase::late_by, "{time} verspätet zugestellt"},
        {Phrase::not_durable,
         "nicht gesichert (nicht auf der Festplatte): nach einem Neustart kann dies fehlen oder "
         "noch einmal kommen"},
        {Phrase::told_by, "gemeldet von {instance}"},
        {Phrase::more_folded, "… und {count} weitere"},
        {Phrase::lines_left_out, "… ({count} Zeilen)"},
        {Phrase::a_test, "dies ist ein Test; es ist nichts passiert"},
    })};

}  // namespace tocsin
