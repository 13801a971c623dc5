// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
// A registry's answers.
#include "probe/rdap.h"

#include <stdexcept>
#include <string>

#include "fuzz/fuzz.h"
#include "util/duration.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string text(fuzz::text_of(data, size));
  const RdapDomain domain = parse_rdap_domain(text, "example.org");
  fuzz::require_printable(domain.problem, 1024);
  fuzz::require_printable(domain.name, 1024);
  fuzz::require_printable(domain.registrar, 1024);
  for (const std::string& status : domain.status) fuzz::require_printable(status, 1024);
  for (const std::string& server : domain.nameservers) fuzz::require_printable(server, 1024);
  try {
    const RdapBootstrap bootstrap = parse_rdap_bootstrap(text);
    fuzz::require(!bootstrap.empty(), "a file without servers is none");
    rdap_server(bootstrap, "example.co.uk");
  } catch (const std::runtime_error& error) {
    fuzz::require(*error.what() != '\0', "a mistake is told");
  }
  parse_rfc3339(text);
  rdap_status(text);
  return 0;
}
