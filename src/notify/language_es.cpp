// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "notify/language.h"

namespace tocsin {

extern const Language kSpanish;

constexpr Language kSpanish{
    "es",
    "{day}/{month}/{year}",
    {"ms", "s", "min", "h", "d"},
    whole({
        {Phrase::was, "estaba {state}"},
        {Phrase::was_for, "estuvo {state} durante {time}"},
        {Phrase::over_for, "{state} durante {time}"},
        {Phrase::still, "sigue {state}"},
        {Phrase::it_was, "estaba {state}"},
        {Phrase::reasoned, "{text}: {reason}"},
        {Phrase::messages_arrive, "los mensajes llegan aquí"},
        {Phrase::lower_down, "caído"},
        {Phrase::lower_degraded, "degradado"},
        {Phrase::lower_unknown, "en estado desconocido"},
        {Phrase::since, "desde el {time}"},
        {Phrase::since_ago, "desde el {time} (hace {ago})"},
        {Phrase::probe_failed, "{count} comprobación fallida"},
        {Phrase::probes_failed, "{count} comprobaciones fallidas"},
        {Phrase::probe_degraded, "{count} comprobación degradada"},
        {Phrase::probes_degraded, "{count} comprobaciones degradadas"},
        {Phrase::probe_unsure, "{count} comprobación sin resultado"},
        {Phrase::probes_unsure, "{count} comprobaciones sin resultado"},
        {Phrase::lasted, "duró {time}: del {from} al {to}"},
        {Phrase::was_before, "antes {state}"},
        {Phrase::incident, "incidente {number}"},
        {Phrase::target, "objetivo: {value}"},
        {Phrase::now, "ahora: {value}"},
        {Phrase::runbook, "procedimiento: {value}"},
        {Phrase::about, "descripción: {value}"},
        {Phrase::labels, "etiquetas: {value}"},
        {Phrase::late, "entregado con retraso"},
        {Phrase::late_by, "entregado con {time} de retraso"},
        {Phrase::not_durable,
         "no guardado en disco: un reinicio puede perder o repetir este mensaje"},
        {Phrase::told_by, "avisado por {instance}"},
        {Phrase::more_folded, "… y {count} más"},
        {Phrase::lines_left_out, "… ({count} líneas)"},
        {Phrase::a_test, "esto es una prueba; no ha pasado nada"},
    })};

}  // namespace tocsin
