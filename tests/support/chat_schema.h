// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tocsin {

// What Google Chat's API takes and gives, by its public description: the fields of a Message and of
// lists of spaces and members, in depth, and the parameters of each method's query. Read from the
// API's own discovery document where that is at hand, else from chat_fields.json, our short form of
// the same facts. Immutable; thread-safe.
//
// A field's kind is a text: "string", "bool", "int32", "int64", "number", "bytes", "time", "any",
// "enum A B", "@Type", "[kind]" a list, "{kind}" a map; "out " before it: only the service fills it
// (a value sent there is checked and then ignored, as the service does).
class ChatSchema {
 public:
  using Fields = std::map<std::string, std::string>;

  // Each throws std::runtime_error if the file is not there or not what it should be.
  static ChatSchema from_discovery(const std::filesystem::path& file);
  static ChatSchema from_short_form(const std::filesystem::path& file);
  // The discovery document if it is found beside the tree, else the short form.
  static std::shared_ptr<const ChatSchema> load();
  static std::optional<std::filesystem::path> find_discovery();
  static std::filesystem::path short_form_file();

  // By method, such as "spaces.messages.create".
  const std::map<std::string, Fields>& queries() const noexcept { return queries_; }
  const std::map<std::string, Fields>& types() const noexcept { return types_; }

  // Every way in which the JSON is none of these, in the service's words; empty if it is one.
  std::vector<std::string> problems(const std::string& json,
                                    const std::string& type = "Message") const;
  // The same for a parameter of the query; empty if it is fine.
  std::string problem_of_parameter(const std::string& name, const std::string& value,
                                   const std::string& method = "spaces.messages.create") const;

 private:
  std::map<std::string, Fields> queries_;
  std::map<std::string, Fields> types_;
};

}  // namespace tocsin
