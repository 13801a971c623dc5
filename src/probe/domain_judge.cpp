// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "probe/domain_judge.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "util/duration.h"
#include "util/text.h"

namespace tocsin {
namespace {

struct Findings {
  std::vector<std::string> down;
  std::vector<std::string> degraded;
};

// What a status means for whoever depends on the domain (RFC 8056, RFC 5731 section 2.3, RFC 3915
// section 3.1). The others are no news: locks, and grace periods that only matter to registrars.
struct BadStatus {
  std::string_view name;
  bool down;
  std::string_view means;
};
constexpr std::array<BadStatus, 8> kBad{{
    {"client hold", true, "its registrar has taken it out of the DNS"},
    {"server hold", true, "its registry has taken it out of the DNS"},
    {"redemption period", true, "it was deleted and can still be restored"},
    {"pending restore", true, "it was deleted and is being restored"},
    {"pending delete", true, "it is about to be deleted"},
    {"inactive", true, "it has no name servers"},
    {"pending transfer", false, "it is being moved to another registrar"},
    {"pending update", false, "a change of it is under way"},
}};

using Names = std::vector<std::string>;

std::string joined(const Names& texts, const char* between) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : between) + text;
  return out;
}

Names without(const Names& from, const Names& what) {
  Names out;
  for (const std::string& name : from) {
    if (std::find(what.begin(), what.end(), name) == what.end()) out.push_back(name);
  }
  return out;
}

std::string days_text(std::int64_t days) {
  return std::to_string(days) + (days == 1 ? " day" : " days");
}

void judge_expiry(Findings& found, const DomainSettings& settings, WallTime end, WallTime now) {
  const std::string on = " (" + human_time(end).substr(0, 10) + ")";
  const auto left = std::chrono::floor<std::chrono::days>(end - now).count();
  if (end < now) {
    const auto past = std::chrono::floor<std::chrono::days>(now - end).count();
    found.down.push_back("registration expired " +
                         (past < 1 ? human_duration(now - end) : days_text(past)) + " ago" + on);
    return;
  }
  if (left >= settings.days) return;
  const std::string text = "registration ends in " +
                           (left < 1 ? human_duration(end - now) : days_text(left)) + on + ", ";
  if (left < settings.days_down) {
    found.down.push_back(text + days_text(settings.days_down) + " wanted");
  } else {
    found.degraded.push_back(text + days_text(settings.days) + " wanted");
  }
}

void judge_status(Findings& found, const DomainSettings& settings, const RdapDomain& domain) {
  for (const BadStatus& bad : kBad) {
    if (std::find(domain.status.begin(), domain.status.end(), bad.name) == domain.status.end()) {
      continue;
    }
    auto& into = bad.down ? found.down : found.degraded;
    into.push_back("status is " + std::string(bad.name) + ": " + std::string(bad.means));
  }
  const Names missing = without(settings.expect.status, domain.status);
  if (!missing.empty()) found.degraded.push_back("status lacks " + joined(missing, ", "));
}

void judge_expected(Findings& found, const DomainExpect& expect, const RdapDomain& domain) {
  if (expect.registrar && !expect.registrar->matches(domain.registrar)) {
    found.down.push_back("registrar is \"" + domain.registrar + "\", wanted /" +
                         printable(expect.registrar->source(), 100) + "/");
  }
  if (expect.nameservers.empty()) return;
  const Names missing = without(expect.nameservers, domain.nameservers);
  const Names strange = without(domain.nameservers, expect.nameservers);
  if (missing.empty() && strange.empty()) return;
  found.down.push_back("name servers are " +
                       (domain.nameservers.empty() ? "none" : joined(domain.nameservers, ", ")) +
                       (missing.empty() ? "" : ": " + joined(missing, ", ") + " missing") +
                       (strange.empty() ? "" : ": " + joined(strange, ", ") + " not expected"));
}

}  // namespace

void judge_domain(Result& result, const DomainSettings& settings, const RdapDomain& domain,
                  WallTime now) {
  Findings found;
  if (settings.expiry && domain.expires) judge_expiry(found, settings, *domain.expires, now);
  judge_status(found, settings, domain);
  judge_expected(found, settings.expect, domain);
  if (domain.expires) {
    const auto left = std::chrono::duration<double, std::ratio<86400>>(*domain.expires - now);
    result.metrics.push_back({"days", std::floor(left.count()), ""});
  }
  std::vector<std::string> all = found.down;
  all.insert(all.end(), found.degraded.begin(), found.degraded.end());
  if (!all.empty()) {
    result.verdict = found.down.empty() ? Verdict::degraded : Verdict::down;
    result.reason = joined(all, "; ");
  } else if (settings.expiry && !domain.expires) {
    result.verdict = Verdict::unknown;
    result.reason =
        "the registry does not tell when it ends; with 'expiry: false' that is not "
        "looked at";
  }
}

void explain_domain(Result& result, const RdapDomain& domain) {
  const auto date = [](const std::optional<WallTime>& time) {
    return time ? human_time(*time) : std::string("not told");
  };
  result.notes.push_back("registered: " + date(domain.registered));
  result.notes.push_back("expires: " + date(domain.expires));
  result.notes.push_back("registrar: " +
                         (domain.registrar.empty() ? "not told" : domain.registrar));
  result.notes.push_back("status: " +
                         (domain.status.empty() ? "none" : joined(domain.status, ", ")));
  result.notes.push_back("name servers: " + joined(domain.nameservers, ", "));
}

}  // namespace tocsin
