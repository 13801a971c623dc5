// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include <algorithm>
#include <array>

#include "util/duration.h"
#include "util/hold_text.h"
#include "util/select.h"
#include "util/text.h"
#include "web/handlers.h"

// The plain page: HTML made here, whole without JavaScript. Every text that came from a
// configuration, a target or a sink goes through html(); an answer's size is bounded by showing the
// worst rows only.

namespace tocsin {
namespace {

constexpr std::size_t kMostRows = 500;
constexpr std::size_t kMostSilences = 50;
constexpr std::size_t kLongestHold = 500;
constexpr std::string_view kHtml = "text/html; charset=utf-8";

constexpr std::string_view kStyle = R"(:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
caption, th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; }
tr { border-bottom: 1px solid #8884; }
td { overflow-wrap: anywhere; }
.trouble { border-left: .3rem solid #c60; padding-left: .75rem; }
)";

// The worst first.
constexpr std::array kOrder{State::down, State::unknown, State::degraded, State::pending,
                            State::up};

std::size_t rank(State state) noexcept {
  return static_cast<std::size_t>(std::find(kOrder.begin(), kOrder.end(), state) - kOrder.begin());
}

std::string word(State state) {
  std::string out(to_string(state));
  for (char& c : out) c = static_cast<char>(c - 'a' + 'A');
  return out;
}

void add_counts(std::string& out, const Snapshot& snapshot) {
  std::array<std::size_t, kOrder.size()> counts{};
  for (const auto& view : snapshot.checks) ++counts[rank(view->state)];
  out += "<p>" + std::to_string(snapshot.checks.size()) +
         (snapshot.checks.size() == 1 ? " check:" : " checks:");
  for (const State state : kOrder) {
    out += " <b>" + std::to_string(counts[rank(state)]) + "</b>&nbsp;" +
           std::string(to_string(state)) + (state == kOrder.back() ? "." : ",");
  }
  out += "</p>\n";
}

// What is wrong with the daemon itself; without it a quiet page could be a lie.
void add_troubles(std::string& out, const Snapshot& snapshot, const std::string& health) {
  const auto add = [&out](const std::string& text) {
    out += "<p class=\"trouble\">" + html(text) + "</p>\n";
  };
  if (!health.empty()) add("Tocsin itself is in trouble: " + health);
  const auto since = [](WallTime at) { return " since " + human_time(at); };
  if (const auto at = snapshot.blind_since) {
    add("Tocsin is cut off" + since(*at) + ": nobody is told of what it cannot see.");
  }
  if (const auto at = snapshot.no_resolver_since) {
    add("Tocsin's resolver does not answer" + since(*at) + ": names cannot be looked up.");
  }
  if (const auto at = snapshot.starved_since) {
    add("Tocsin is starved of CPU" + since(*at) + ": its own schedule is late.");
  }
  if (!snapshot.store_trouble.empty()) add("Nothing is stored: " + snapshot.store_trouble);
  if (!snapshot.last_reload_ok) add("The last reload failed; the configuration before it runs on.");
  for (const NotifierView& notifier : snapshot.notifiers) {
    if (notifier.last_error.empty() || notifier.waiting == 0) continue;
    add("Notifier " + notifier.name + ": " + std::to_string(notifier.waiting) +
        " waiting: " + notifier.last_error);
  }
}

// " (acknowledged by Ann: disk is on order)", while it stands.
std::string looked_after(const CheckView& view, WallTime now) {
  const auto& ack = view.acknowledged;
  if (!ack || (ack->until && *ack->until <= now)) return {};
  return " (acknowledged" + (ack->by.empty() ? "" : " by " + ack->by) +
         (ack->why.empty() ? "" : ": " + ack->why) + ")";
}

// " (silenced until …; flapping since …)": why nobody may have been told.
std::string not_told(const CheckView& view) {
  std::string out = view.held.why == Hold::none ? "" : hold_text(view.held.why, view.held.detail);
  if (view.flapping_since && view.held.why != Hold::flapping) {
    out += (out.empty() ? "" : "; ") + ("flapping since " + human_time(*view.flapping_since));
  }
  return out.empty() ? out : " (" + printable(out, kLongestHold) + ")";
}

void add_silences(std::string& out, const std::vector<Silence>& silences) {
  if (silences.empty()) return;
  out += "<h2>Not told of</h2>\n<ul>\n";
  const std::size_t shown_of = std::min(silences.size(), kMostSilences);
  for (std::size_t i = 0; i < shown_of; ++i) {
    const Silence& silence = silences[i];
    std::string text = (silence.is_maintenance ? "Maintenance " : "Silence ") +
                       std::to_string(silence.id) + " until " + human_time(silence.until) + ": " +
                       printable(shown(silence.match), kLongestHold);
    if (!silence.by.empty()) text += ", by " + silence.by;
    if (!silence.why.empty()) text += ": " + silence.why;
    out += "<li>" + html(text) + "</li>\n";
  }
  if (shown_of < silences.size()) {
    out += "<li>and " + std::to_string(silences.size() - shown_of) + " more</li>\n";
  }
  out += "</ul>\n";
}

void add_row(std::string& out, const CheckView& view, WallTime now) {
  const Check& check = *view.check;
  const auto held = std::max(Millis{0}, std::chrono::duration_cast<Millis>(now - view.since));
  out += "<tr><td>" + word(view.state) + (view.suspected ? " (suspected)" : "") + "</td><td>";
  out += "<a href=\"/api/v1/checks/" + html(percent_encode(check.name)) + "\">" + html(check.name) +
         "</a></td><td>" + html(check.target) + "</td><td>" + html(view.reason) +
         html(looked_after(view, now) + not_told(view)) + "</td><td>";
  if (view.since != WallTime{}) {
    out += "<time datetime=\"" + rfc3339(view.since) + "\">" + human_duration(held) + "</time>";
  }
  out += "</td></tr>\n";
}

void add_table(std::string& out, const Snapshot& snapshot) {
  std::vector<const CheckView*> rows;
  for (const auto& view : snapshot.checks) {
    if (view->state != State::up || view->suspected) rows.push_back(view.get());
  }
  if (rows.empty()) {
    out += "<p>Every check is up.</p>\n";
    return;
  }
  std::stable_sort(rows.begin(), rows.end(), [](const CheckView* a, const CheckView* b) {
    return rank(a->state) < rank(b->state);
  });
  const std::size_t shown = std::min(rows.size(), kMostRows);
  out += "<table><caption>Not up";
  if (shown < rows.size()) {
    out += ": the worst " + std::to_string(shown) + " of " + std::to_string(rows.size());
  }
  out +=
      "</caption>\n<thead><tr><th scope=\"col\">State</th><th scope=\"col\">Check</th>"
      "<th scope=\"col\">Target</th><th scope=\"col\">Reason</th><th scope=\"col\">For</th>"
      "</tr></thead>\n<tbody>\n";
  for (std::size_t i = 0; i < shown; ++i) add_row(out, *rows[i], snapshot.at);
  out += "</tbody></table>\n";
}

}  // namespace

Response get_page(const Request& request, const Services& services) {
  Query query(request);
  if (auto refusal = query.refusal()) return std::move(*refusal);
  const auto snapshot = services.control.snapshot();
  if (!snapshot) return not_ready();
  const std::string title = "Tocsin on " + html(snapshot->instance);
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<title>" +
      title +
      "</title>"
      "<link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body><main>\n<h1>" +
      title + "</h1>\n";
  add_troubles(out, *snapshot, services.control.health());
  add_counts(out, *snapshot);
  if (!snapshot->checks.empty()) add_table(out, *snapshot);
  add_silences(out, snapshot->silences);
  out += "<p>As of " + human_time(snapshot->at) +
         "; reload to see it anew. More: <a href=\"/api/v1/checks\">checks</a>, "
         "<a href=\"/api/v1/incidents\">incidents</a>, "
         "<a href=\"/api/v1/notifications\">notifications</a>, "
         "<a href=\"/api/v1/withheld\">what was not told</a>, "
         "<a href=\"/metrics\">metrics</a>.</p>\n</main></body></html>\n";
  return Response{200, std::string(kHtml), std::move(out), {}};
}

Response get_style(const Request&, const Services&) {
  return Response{200, "text/css; charset=utf-8", std::string(kStyle), {}};
}

Response get_healthz(const Request&, const Services& services) {
  const std::string trouble = services.control.health();
  return Response{trouble.empty() ? 200 : 503,
                  "text/plain; charset=utf-8",
                  trouble.empty() ? "ok\n" : printable(trouble, 1000) + "\n",
                  {}};
}

}  // namespace tocsin
