// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>

#include "tocsin/heartbeat.h"
#include "tocsin/time.h"

namespace tocsin {

// What a heartbeat makes of a record. Pure functions.

// Adds what the job told at `now`.
//   * A start opens a run. One that is under way already under the same id keeps its beginning: a
//     job that dies without a word and is started anew each hour never ended its first run.
//   * An end closes the run of its id; one without an id closes all, and one whose start had no id.
//   * The log is that of the run: a start drops the one before, an end without a log keeps what its
//     run has sent.
void note_heartbeat(const Heartbeat& told, WallTime now, HeartbeatRecord& record);

// The clock was set back: what seems to lie ahead happened now.
void forget_future(WallTime now, HeartbeatRecord& record);

// "finished after 12 min": the run that ended last, for a message of its own.
std::string news_of(const HeartbeatRecord& record);

}  // namespace tocsin
