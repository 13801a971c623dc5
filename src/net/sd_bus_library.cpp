// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "net/sd_bus_library.h"

#include <dlfcn.h>

#include <optional>

namespace tocsin {
namespace {

template <typename Function>
bool find(void* library, const char* name, Function& into) noexcept {
  into = reinterpret_cast<Function>(dlsym(library, name));
  return into != nullptr;
}

// It stays loaded: messages of it may live anywhere.
std::optional<SdBusLibrary> load() {
  void* library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return std::nullopt;
  SdBusLibrary out;
  const bool whole = find(library, "sd_bus_new", out.bus_new) &&
                     find(library, "sd_bus_set_address", out.set_address) &&
                     find(library, "sd_bus_set_bus_client", out.set_bus_client) &&
                     find(library, "sd_bus_start", out.start) &&
                     find(library, "sd_bus_close_unref", out.close_unref) &&
                     find(library, "sd_bus_is_open", out.is_open) &&
                     find(library, "sd_bus_get_fd", out.get_fd) &&
                     find(library, "sd_bus_get_events", out.get_events) &&
                     find(library, "sd_bus_get_timeout", out.get_timeout) &&
                     find(library, "sd_bus_process", out.process) &&
                     find(library, "sd_bus_call_async", out.call_async) &&
                     find(library, "sd_bus_add_match_async", out.add_match_async) &&
                     find(library, "sd_bus_slot_unref", out.slot_unref) &&
                     find(library, "sd_bus_message_new_method_call", out.new_method_call) &&
                     find(library, "sd_bus_message_append_basic", out.append_basic) &&
                     find(library, "sd_bus_message_append_strv", out.append_strv) &&
                     find(library, "sd_bus_message_unref", out.message_unref) &&
                     find(library, "sd_bus_message_get_error", out.get_error) &&
                     find(library, "sd_bus_message_get_path", out.get_path) &&
                     find(library, "sd_bus_message_get_member", out.get_member) &&
                     find(library, "sd_bus_message_peek_type", out.peek_type) &&
                     find(library, "sd_bus_message_enter_container", out.enter_container) &&
                     find(library, "sd_bus_message_exit_container", out.exit_container) &&
                     find(library, "sd_bus_message_at_end", out.at_end) &&
                     find(library, "sd_bus_message_read_basic", out.read_basic) &&
                     find(library, "sd_bus_message_skip", out.skip);
  if (!whole) return std::nullopt;
  return out;
}

}  // namespace

const SdBusLibrary* SdBusLibrary::get() {
  static const std::optional<SdBusLibrary> kLibrary = load();
  return kLibrary ? &*kLibrary : nullptr;
}

}  // namespace tocsin
