// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "probe/protocols.h"

namespace tocsin {

// What servers answer to each row of the table of protocols, an answer a step. In the bytes, rN is
// the nonce that the client has sent.
struct ProtocolSample {
  std::string_view protocol;
  Transport transport;
  std::vector<RowSend> right;
  std::vector<std::vector<RowSend>> wrong;  // the last answer of each is the wrong one
  std::string more;                         // further keys of the check
};

const std::vector<ProtocolSample>& protocol_samples();

// The bytes of such an answer.
std::string answer_bytes(const RowSend& answer, const Nonce& nonce);
// The nonce of the client that sent these bytes for this message; zeros where it does not show.
Nonce learn_nonce(const Outgoing& message, std::string_view sent);

}  // namespace tocsin
