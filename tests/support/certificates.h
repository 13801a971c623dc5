// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace tocsin {

// Certificates for tests, good and bad, in a folder: an authority and what it signs. One thread
// only.
class Certificates {
 public:
  struct Spec {
    std::string name;                // the common name, and that of the files
    std::vector<std::string> hosts;  // "web-01.example" or "127.0.0.1"
    int from_days = -30;             // valid from and to, counted from now
    int to_days = 90;
    bool self_signed = false;
  };
  struct Files {
    std::filesystem::path certificate;
    std::filesystem::path key;
  };

  explicit Certificates(std::filesystem::path folder);
  ~Certificates();

  // The authority's own certificate, for `ca_file`.
  std::filesystem::path authority() const;
  Files make(const Spec& spec);

 private:
  struct Authority;
  std::filesystem::path folder_;
  std::unique_ptr<Authority> authority_;
};

}  // namespace tocsin
