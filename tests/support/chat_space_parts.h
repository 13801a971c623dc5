// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <string>
#include <vector>

#include "support/chat_space.h"

namespace tocsin {

// What the sources of ChatSpace share; nobody else includes this.

// A refusal on its way out of the reading.
struct ChatSpace::Refuse {
  int status;
  std::string message;
  bool invalid = true;
};

// A request, read and found valid in itself.
struct ChatSpace::Draft {
  bool as_app = false;
  std::string token;
  std::string option;
  std::string request_id;
  std::string message_id;
  std::string update_mask;
  std::string thread_key;
  std::string thread_name;
  std::string text;
  std::string cards;
  std::vector<std::string> ignored;
};

}  // namespace tocsin
