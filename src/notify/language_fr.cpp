// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/language.h"

namespace tocsin {

extern const Language kFrench;

constexpr Language kFrench{
    "fr",
    "{day}/{month}/{year}",
    {"ms", "s", "min", "h", "j"},
    whole({
        {Phrase::was, "était {state}"},
        {Phrase::was_for, "était {state} pendant {time}"},
        {Phrase::over_for, "{state} pendant {time}"},
        {Phrase::still, "toujours {state}"},
        {Phrase::it_was, "était {state}"},
        {Phrase::reasoned, "{text} : {reason}"},
        {Phrase::messages_arrive, "les messages arrivent ici"},
        {Phrase::lower_down, "en panne"},
        {Phrase::lower_degraded, "dégradé"},
        {Phrase::lower_unknown, "état inconnu"},
        {Phrase::since, "depuis le {time}"},
        {Phrase::since_ago, "depuis le {time} (il y a {ago})"},
        {Phrase::probe_failed, "{count} vérification en échec"},
        {Phrase::probes_failed, "{count} vérifications en échec"},
        {Phrase::probe_degraded, "{count} vérification dégradée"},
        {Phrase::probes_degraded, "{count} vérifications dégradées"},
        {Phrase::probe_unsure, "{count} vérification sans résultat"},
        {Phrase::probes_unsure, "{count} vérifications sans résultat"},
        {Phrase::lasted, "durée {time} : du {from} au {to}"},
        {Phrase::was_before, "auparavant {state}"},
        {Phrase::incident, "incident {number}"},
        {Phrase::target, "cible : {value}"},
        {Phrase::now, "maintenant : {value}"},
        {Phrase::runbook, "procédure : {value}"},
        {Phrase::about, "description : {value}"},
        {Phrase::labels, "étiquettes : {value}"},
        {Phrase::late, "remis en retard"},
        {Phrase::late_by, "remis avec {time} de retard"},
        {Phrase::not_durable,
         "non enregistré sur le disque : un redémarrage peut perdre ou répéter ce message"},
        {Phrase::told_by, "signalé par {instance}"},
        {Phrase::more_folded, "… et {count} de plus"},
        {Phrase::lines_left_out, "… ({count} lignes)"},
        {Phrase::a_test, "ceci est un test ; il ne s'est rien passé"},
    })};

}  // namespace tocsin
