// What is copied of values: the table for the types of support/go_demo.h; and layouts of maps.
#include "go/value_copies.h"

#include <gtest/gtest.h>

#include "go/map_layout.h"
#include "support/go_demo.h"

namespace gotap::go {

namespace {

/// `size: offset/count>type ...`, a line a type.
std::string shown(const CopyTable& table, uint32_t index) {
  static constexpr const char* kCounts[] = {"one",  "len",     "ifzero", "mask",
                                            "log2", "oldlog2", "itab",   "type"};
  const CopyType& type = table.types.at(index);
  std::string out = std::to_string(type.size) + ":";
  for (uint32_t i = 0; i < type.count; i++) {
    const CopySlot& slot = table.slots.at(type.first + i);
    out += " " + std::to_string(slot.offset) + "/" + kCounts[static_cast<size_t>(slot.count)] +
           "*" + std::to_string(slot.limit) + ">" + std::to_string(table.types.at(slot.type).size);
  }
  return out;
}

TEST(ValueCopies, StructsLeadOnWhereTheirFieldsDo) {
  const auto info = demo();
  CopyTable table;
  ValueLimits limits;
  limits.bytes = 64;
  limits.elements = 2;
  ValueCopies copies(table, *info, 0, limits);
  const uint32_t request = copies.of(info->find_types("main.Request").at(0));
  copies.finish();
  EXPECT_EQ(shown(table, request),
            "240: 0/len*64>1 16/len*64>1 48/one*1>8 64/len*64>1 88/one*1>16 96/len*64>1 "
            "112/len*64>1 168/one*1>16 176/itab*1>1 192/type*1>1");
}

TEST(ValueCopies, MapsAreCopiedByTheirCells) {
  FakeTypeInfo info;
  const TypeId text = info.words(TypeKind::String, "string", 2);
  const TypeId integer = info.scalar(TypeKind::Int, "int", 8);
  GoType made;
  made.kind = TypeKind::Map;
  made.name = "map[string]int";
  made.size = made.align = 8;
  made.key = text;
  made.elem = integer;
  const TypeId map = const_cast<Types&>(info.types()).add(made);
  const std::string keys =
      " 8/len*128>1 24/len*128>1 40/len*128>1 56/len*128>1 72/len*128>1 "
      "88/len*128>1 104/len*128>1 120/len*128>1";
  for (const bool swiss : {false, true}) {
    info.go_minor = swiss ? 24 : 23;
    CopyTable table;
    const ValueLimits limits;
    ValueCopies copies(table, info, 0, limits);
    const uint32_t root = copies.of(map);
    copies.finish();
    const CopySlot& to_header = table.slots.at(table.types.at(root).first);
    if (!swiss) {
      EXPECT_EQ(shown(table, to_header.type), "48: 16/log2*4>208 24/oldlog2*4>208");
      const CopySlot& cells = table.slots.at(table.types.at(to_header.type).first);
      EXPECT_EQ(shown(table, cells.type), "208: 200/one*1>208" + keys);
      continue;
    }
    EXPECT_EQ(shown(table, to_header.type), "40: 16/ifzero*1>200 16/len*2>8");
    const CopySlot& tables = table.slots.at(table.types.at(to_header.type).first + 1);
    EXPECT_EQ(shown(table, tables.type), "8: 0/one*1>32");
    EXPECT_EQ(shown(table, table.slots.at(table.types.at(tables.type).first).type),
              "32: 16/mask*4>200");
  }
}

TEST(ValueCopies, InterfacesHoldWhatTheProgramDescribes) {
  FakeTypeInfo info;
  const TypeId any = info.interface("interface {}", false);
  const TypeId number = info.with(info.scalar(TypeKind::Int, "main.Number", 8), 0x1000);
  const TypeId node = info.structure("main.Node", {{"N", number}, {"M", number}}, 0x1100);
  info.pointer(node, 0x1200);
  info.structure("main.Empty", {}, 0x1300);
  CopyTable table;
  const ValueLimits limits;
  ValueCopies copies(table, info, 3, limits);
  copies.of(any);
  copies.finish();
  ASSERT_EQ(table.dynamic.size(), 3u);
  EXPECT_EQ(table.dynamic[0].first, go_reference(3, 0x1000));
  EXPECT_EQ(shown(table, table.dynamic[0].second), "8:");
  EXPECT_EQ(shown(table, table.dynamic[1].second), "16:");
  // A pointer is in the interface itself: what it points to is copied.
  EXPECT_EQ(table.dynamic[2].second, table.dynamic[1].second);
}

TEST(MapLayout, FollowsTheRulesOfTheCompiler) {
  FakeTypeInfo info;
  const TypeId byte = kByteType;
  const TypeId text = info.words(TypeKind::String, "string", 2);
  const TypeId none = info.structure("struct {}", {});
  const TypeId large = info.array(text, 9);  // 144 bytes
  const auto layout = [&](TypeId key, TypeId value, int minor) {
    GoType map;
    map.kind = TypeKind::Map;
    map.key = key;
    map.elem = value;
    return map_layout(info.types(), map, minor).value();
  };
  const MapLayout set = layout(text, none, 24);
  EXPECT_EQ(set.key_stride, 24u);  // 16, and a byte for what is of no size
  EXPECT_EQ(set.size, 8u + 8 * 24);
  EXPECT_EQ(layout(text, none, 23).size, 8u + 8 * 16 + 8);
  const MapLayout narrow = layout(byte, text, 27);
  EXPECT_EQ(narrow.value, 16u);
  EXPECT_EQ(narrow.key_stride, 24u);
  const MapLayout old = layout(byte, text, 15);
  EXPECT_EQ(old.value, 16u);
  EXPECT_EQ(old.overflow, 16u + 8 * 16);
  const MapLayout behind = layout(large, large, 24);
  EXPECT_TRUE(behind.key_behind && behind.value_behind);
  EXPECT_EQ(behind.size, 8u + 8 * 16);
}

}  // namespace

}  // namespace gotap::go
