// SPDX-License-Identifier: Apache-2.0
// Copyright The Tocsin Authors
#include "support/chat_schema.h"

#include <Poco/Exception.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <set>
#include <stdexcept>
#include <string_view>

#include "util/text.h"

// Judged more strictly than the service judges: a protobuf parser also takes `thread_key` for
// `threadKey`, "true" for true and 0 for an enum's first word. The description names none of these,
// so a request that relies on them is not valid by it.

namespace tocsin {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

Object::Ptr read_object(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  try {
    return Poco::JSON::Parser().parse(text).extract<Object::Ptr>();
  } catch (const Poco::Exception& e) {
    throw std::runtime_error(file.string() + ": " + e.displayText());
  }
}

std::string text_of(const Object& object, const std::string& key) {
  return object.has(key) ? object.getValue<std::string>(key) : std::string{};
}

// --- the discovery document ---

std::string kind_of(const Object& property);

std::string kind_of_text(const Object& property) {
  if (const Array::Ptr words = property.getArray("enum")) {
    std::string kind = "enum";
    for (const Var& word : *words) kind += " " + word.toString();
    return kind;
  }
  const std::string format = text_of(property, "format");
  if (format == "google-datetime") return "time";
  if (format == "byte") return "bytes";
  return format == "int64" ? "int64" : "string";
}

std::string base_kind_of(const Object& property) {
  const std::string reference = text_of(property, "$ref");
  if (!reference.empty()) return "@" + reference;
  const std::string type = text_of(property, "type");
  if (type == "array") return "[" + kind_of(*property.getObject("items")) + "]";
  if (type == "object") return "{" + kind_of(*property.getObject("additionalProperties")) + "}";
  if (type == "boolean") return "bool";
  if (type == "integer") return "int32";
  if (type == "string") return kind_of_text(property);
  if (type == "number" || type == "any") return type;
  throw std::runtime_error("the description has a type that is not known here: " + type);
}

std::string kind_of(const Object& property) {
  const bool output_only = property.has("readOnly") && property.getValue<bool>("readOnly");
  return (output_only ? "out " : "") + base_kind_of(property);
}

ChatSchema::Fields kinds_of(const Object::Ptr& properties) {
  ChatSchema::Fields fields;
  if (!properties) return fields;
  for (const auto& [name, property] : *properties) {
    fields[name] = kind_of(*property.extract<Object::Ptr>());
  }
  return fields;
}

// The type that a kind leads to, if any: "@Card" and "[@Card]" lead to Card.
std::string type_in(std::string_view kind) {
  const auto at = kind.find('@');
  if (at == std::string_view::npos) return {};
  kind.remove_prefix(at + 1);
  return std::string(kind.substr(0, kind.find_first_of("]}")));
}

// --- judging ---

// Goes through one value by its kind and collects what is wrong with it.
class Walk {
 public:
  Walk(const ChatSchema& schema, std::vector<std::string>& problems)
      : schema_(schema), problems_(problems) {}

  void object(const std::string& type, const Object& value, const std::string& place) {
    const ChatSchema::Fields& fields = schema_.types().at(type);
    for (const auto& [name, member] : value) {
      const auto field = fields.find(name);
      if (field == fields.end()) {
        problems_.push_back("Invalid JSON payload received. Unknown name \"" + name + "\" at '" +
                            place + "': Cannot find field.");
      } else {
        check(field->second, member, place + "." + name);
      }
    }
  }

 private:
  void check(std::string_view kind, const Var& value, const std::string& place) {
    if (value.isEmpty()) return;  // null is the same as absent
    if (kind.starts_with("out ")) kind.remove_prefix(4);
    if (kind.starts_with('@')) {
      nested(std::string(kind.substr(1)), value, place);
    } else if (kind.starts_with('[')) {
      list(kind.substr(1, kind.size() - 2), value, place);
    } else if (kind.starts_with('{')) {
      map(kind.substr(1, kind.size() - 2), value, place);
    } else if (!scalar(kind, value)) {
      wrong(kind, place);
    }
  }

  void nested(const std::string& type, const Var& value, const std::string& place) {
    if (value.type() != typeid(Object::Ptr)) return wrong(type, place);
    object(type, *value.extract<Object::Ptr>(), place);
  }

  void list(std::string_view kind, const Var& value, const std::string& place) {
    if (value.type() != typeid(Array::Ptr)) return wrong("list", place);
    std::size_t index = 0;
    for (const Var& item : *value.extract<Array::Ptr>()) {
      const std::string item_place = place + "[" + std::to_string(index++) + "]";
      if (item.isEmpty()) {
        wrong(kind, item_place);
      } else {
        check(kind, item, item_place);
      }
    }
  }

  void map(std::string_view kind, const Var& value, const std::string& place) {
    if (value.type() != typeid(Object::Ptr)) return wrong("map", place);
    for (const auto& [name, member] : *value.extract<Object::Ptr>()) {
      check(kind, member, place + "." + name);
    }
  }

  static bool scalar(std::string_view kind, const Var& value) {
    if (kind == "any") return true;
    if (kind == "bool") return value.isBoolean();
    if (kind == "number") return value.isNumeric() && !value.isBoolean();
    if (kind == "int32" || kind == "int64") return is_integer(kind, value);
    if (!value.isString()) return false;
    return text(kind, value.extract<std::string>());
  }

  static bool is_integer(std::string_view kind, const Var& value) {
    if (value.isBoolean()) return false;
    if (!value.isInteger() && !value.isString()) return false;
    const std::string digits = value.toString();
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc{} || end != digits.data() + digits.size()) return false;
    using Small = std::numeric_limits<std::int32_t>;
    return kind == "int64" || (number >= Small::min() && number <= Small::max());
  }

  static bool text(std::string_view kind, const std::string& value) {
    if (kind.starts_with("enum ")) {
      const std::string words = std::string(kind.substr(4)) + " ";
      return value.find(' ') == std::string::npos && words.find(" " + value + " ") != words.npos;
    }
    if (kind == "time") return value.size() >= 20 && value[4] == '-' && value[10] == 'T';
    if (kind == "bytes") {
      return value.find_first_not_of(
                 "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                 "0123456789+/-_=") == std::string::npos;
    }
    return kind == "string";
  }

  void wrong(std::string_view kind, const std::string& place) {
    problems_.push_back("Invalid value at '" + place + "' (" + std::string(kind) + ")");
  }

  const ChatSchema& schema_;
  std::vector<std::string>& problems_;
};

}  // namespace

namespace {

const char* const kMethods[] = {"spaces.list", "spaces.members.list", "spaces.messages.create",
                                "spaces.messages.get", "spaces.messages.patch"};

// "spaces.messages.create" in the document's tree of resources.
Object::Ptr find_method(const Object& document, std::string path) {
  Object::Ptr at = document.getObject("resources");
  for (auto dot = path.find('.'); dot != std::string::npos; dot = path.find('.')) {
    at = at->getObject(path.substr(0, dot));
    path.erase(0, dot + 1);
    const bool is_last = path.find('.') == std::string::npos;
    at = at->getObject(is_last ? "methods" : "resources");
  }
  return at->getObject(path);
}

}  // namespace

ChatSchema ChatSchema::from_discovery(const std::filesystem::path& file) {
  const Object::Ptr document = read_object(file);
  ChatSchema schema;
  for (const std::string method : kMethods) {
    Fields& query = schema.queries_[method];
    query = kinds_of(document->getObject("parameters"));
    for (const auto& [name, parameter] : *find_method(*document, method)->getObject("parameters")) {
      const Object& object = *parameter.extract<Object::Ptr>();
      if (text_of(object, "location") == "query") query[name] = kind_of(object);
    }
  }
  const Object::Ptr schemas = document->getObject("schemas");
  std::set<std::string> open{"Message", "ListSpacesResponse", "ListMembershipsResponse"};
  while (!open.empty()) {
    const std::string type = *open.begin();
    open.erase(open.begin());
    Fields fields = kinds_of(schemas->getObject(type)->getObject("properties"));
    for (const auto& [name, kind] : fields) {
      const std::string next = type_in(kind);
      if (!next.empty() && next != type && !schema.types_.contains(next)) open.insert(next);
    }
    schema.types_[type] = std::move(fields);
  }
  return schema;
}

ChatSchema ChatSchema::from_short_form(const std::filesystem::path& file) {
  const Object::Ptr document = read_object(file);
  const auto fields_of = [](const Object& object) {
    Fields fields;
    for (const auto& [name, kind] : object) fields[name] = kind.toString();
    return fields;
  };
  ChatSchema schema;
  const Object& queries = *document->getObject("queries");
  const Fields all = fields_of(*queries.getObject("*"));
  for (const auto& [method, fields] : queries) {
    if (method == "*") continue;
    Fields& query = schema.queries_[method];
    query = fields_of(*fields.extract<Object::Ptr>());
    query.insert(all.begin(), all.end());
  }
  for (const auto& [type, fields] : *document->getObject("types")) {
    schema.types_[type] = fields_of(*fields.extract<Object::Ptr>());
  }
  return schema;
}

std::optional<std::filesystem::path> ChatSchema::find_discovery() {
  std::vector<std::filesystem::path> folders;
  if (const char* const shared = std::getenv("TOCSIN_SHARED")) folders.emplace_back(shared);
  folders.push_back(std::filesystem::path(TOCSIN_SOURCE_DIR) / ".." / "shared");
  folders.emplace_back("/work/shared");
  for (const auto& folder : folders) {
    const auto file = folder / "google-chat" / "chat.v1.json";
    if (std::filesystem::exists(file)) return file;
  }
  return std::nullopt;
}

std::filesystem::path ChatSchema::short_form_file() {
  return std::filesystem::path(TOCSIN_SOURCE_DIR) / "tests" / "support" / "chat_fields.json";
}

std::shared_ptr<const ChatSchema> ChatSchema::load() {
  static const auto loaded = [] {
    const auto discovery = find_discovery();
    return std::make_shared<const ChatSchema>(discovery ? from_discovery(*discovery)
                                                        : from_short_form(short_form_file()));
  }();
  return loaded;
}

std::vector<std::string> ChatSchema::problems(const std::string& json,
                                              const std::string& type) const {
  std::vector<std::string> found;
  if (!is_valid_utf8(json)) return {"Invalid JSON payload received. The text is not UTF-8."};
  try {
    Poco::JSON::Parser parser;
    parser.setDepth(100);
    const Var value = parser.parse(json);
    if (value.type() != typeid(Object::Ptr)) return {"Invalid JSON payload received. No object."};
    const std::string place = type == "Message" ? "message" : type;
    Walk(*this, found).object(type, *value.extract<Object::Ptr>(), place);
  } catch (const Poco::Exception& e) {
    found.push_back("Invalid JSON payload received. " + e.displayText());
  }
  return found;
}

std::string ChatSchema::problem_of_parameter(const std::string& name, const std::string& value,
                                             const std::string& method) const {
  const Fields& query = queries_.at(method);
  const auto field = query.find(name);
  if (field == query.end()) {
    return "Invalid JSON payload received. Unknown name \"" + name +
           "\": Cannot bind query parameter.";
  }
  const std::string& kind = field->second;
  const bool word = !kind.starts_with("enum ") ||
                    (kind.substr(4) + " ").find(" " + value + " ") != std::string::npos;
  const bool flag = kind != "bool" || value == "true" || value == "false";
  const bool number = kind != "int32" || value.find_first_not_of("0123456789") == value.npos;
  if (word && flag && number) return {};
  return "Invalid value at '" + name + "' (" + kind.substr(0, kind.find(' ')) + "), \"" + value +
         "\"";
}

}  // namespace tocsin
