// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <memory>
#include <string>

#include "net/http_client.h"
#include "tocsin/secret.h"
#include "tocsin/settings.h"

namespace tocsin {

// How the requests of a check travel: whom they trust, which way they go, which HTTP they speak.
// Immutable once parsed; shared by all requests of a check.
struct HttpTransport {
  bool verify = true;
  std::string ca_file;
  std::string crl_file;
  std::string client_certificate;
  std::string client_key;
  std::string server_name;
  HttpVersion version = HttpVersion::http1;
  IpFamily family = IpFamily::any;
  std::string connect_to;
  std::string unix_socket;
  Text proxy;
  bool decompress = false;

  void apply_to(HttpRequest& request) const;
};

// Reads the keys and reports mistakes. `url`: the one that is asked, for what must fit it; empty
// where it is not known. Null: all as by default.
std::unique_ptr<const HttpTransport> parse_http_transport(Settings& settings,
                                                          const std::string& url);

// Takes out of a request what is meant for its own origin alone: the address that stands in for
// the URL's, the name to ask for, the client's certificate.
void forget_own_origin(HttpRequest& request);

}  // namespace tocsin
