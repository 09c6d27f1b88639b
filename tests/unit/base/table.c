/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The hash table and its keyed hash. */
#include "base/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct entry {
    struct sl_table_node node;
    char name[16];
};

static bool has_name(const struct sl_table_node *node, const void *key)
{
    return strcmp(sl_container_of_const(node, struct entry, node)->name, key) == 0;
}

static struct sl_table_node *find(const struct sl_table *table, const char *name)
{
    return sl_table_find(table, sl_hash_text(name), has_name, name);
}

static void finds_everything_while_it_grows(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    struct entry *entries = sl_new_array(struct entry, COUNT);
    struct sl_table table;

    sl_table_init(&table);
    for (size_t i = 0; i < COUNT; i++) {
        (void)snprintf(entries[i].name, sizeof(entries[i].name), "stream%zu", i);
        assert_null(find(&table, entries[i].name));
        sl_table_insert(&table, &entries[i].node, sl_hash_text(entries[i].name));
        assert_ptr_equal(find(&table, "stream0"), &entries[0].node);
    }
    assert_int_equal(table.count, COUNT);
    for (size_t i = 0; i < COUNT; i += 2)
        sl_table_remove(&table, &entries[i].node);
    sl_table_remove(&table, &entries[0].node); /* in no table any more */
    assert_int_equal(table.count, COUNT / 2);
    for (size_t i = 0; i < COUNT; i++)
        assert_ptr_equal(find(&table, entries[i].name), i % 2 ? &entries[i].node : NULL);
    sl_table_deinit(&table);
    free(entries);
}

static void equal_hashes_are_told_apart_by_the_key(void **state)
{
    (void)state;
    struct entry a = {.name = "a"}, b = {.name = "b"};
    struct sl_table table;

    sl_table_init(&table);
    sl_table_insert(&table, &a.node, 7);
    sl_table_insert(&table, &b.node, 7);
    assert_ptr_equal(sl_table_find(&table, 7, has_name, "a"), &a.node);
    assert_ptr_equal(sl_table_find(&table, 7, has_name, "b"), &b.node);
    assert_null(sl_table_find(&table, 7, has_name, "c"));
    assert_null(sl_table_find(&table, 8, has_name, "a"));
    sl_table_remove(&table, &a.node);
    assert_ptr_equal(sl_table_find(&table, 7, has_name, "b"), &b.node);
    sl_table_deinit(&table);
}

static void remove_and_free(struct sl_table_node *node, void *arg)
{
    sl_table_remove(arg, node);
    free(sl_container_of(node, struct entry, node));
}

static void each_may_remove_what_it_is_given(void **state)
{
    (void)state;
    struct sl_table table;

    sl_table_init(&table);
    for (uint64_t i = 0; i < 100; i++)
        sl_table_insert(&table, &sl_new(struct entry)->node, i % 10);
    sl_table_each(&table, remove_and_free, &table);
    assert_int_equal(table.count, 0);
    sl_table_deinit(&table);
}

static void the_hash_depends_on_every_byte_and_the_length(void **state)
{
    (void)state;
    uint8_t bytes[24] = {0};
    uint64_t seen[SL_ARRAY_LEN(bytes) * 2 + 1];
    size_t count = 0;

    for (size_t len = 0; len <= sizeof(bytes); len++)
        seen[count++] = sl_hash(bytes, len); /* zeros of every length */
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = 1;
        seen[count++] = sl_hash(bytes, sizeof(bytes));
        bytes[i] = 0;
    }
    assert_int_equal(count, SL_ARRAY_LEN(seen));
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < i; j++)
            assert_true(seen[i] != seen[j]);
    }
    assert_true(sl_hash_text("abc") == sl_hash("abc", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_everything_while_it_grows),
        cmocka_unit_test(equal_hashes_are_told_apart_by_the_key),
        cmocka_unit_test(each_may_remove_what_it_is_given),
        cmocka_unit_test(the_hash_depends_on_every_byte_and_the_length),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
