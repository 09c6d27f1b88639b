/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The intrusive list. */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
    int number;
    struct sl_list link;
};

static void keeps_the_order_of_appending(void **state)
{
    (void)state;
    struct sl_list head;
    struct item items[3] = {{.number = 1}, {.number = 2}, {.number = 3}}, *item;
    int seen = 0;

    sl_list_init(&head);
    assert_true(sl_list_empty(&head));
    assert_null(sl_list_first(&head, struct item, link));
    for (size_t i = 0; i < SL_ARRAY_LEN(items); i++)
        sl_list_append(&head, &items[i].link);
    assert_ptr_equal(sl_list_first(&head, struct item, link), &items[0]);
    sl_list_foreach(item, &head, struct item, link)
    {
        assert_int_equal(item->number, ++seen);
    }
    assert_int_equal(seen, 3);
}

static void an_element_may_leave_twice_or_without_having_come(void **state)
{
    (void)state;
    struct sl_list head;
    struct item here = {0}, never = {0};

    sl_list_init(&head);
    sl_list_remove(&never.link);
    sl_list_append(&head, &here.link);
    sl_list_remove(&here.link);
    sl_list_remove(&here.link);
    assert_true(sl_list_empty(&head));
    sl_list_append(&head, &here.link);
    assert_false(sl_list_empty(&head));
}

static void the_body_may_remove_and_free_its_entry(void **state)
{
    (void)state;
    struct sl_list head;
    struct item *item;
    int count = 0;

    sl_list_init(&head);
    for (int i = 0; i < 5; i++) {
        item = sl_new(struct item);
        item->number = i;
        sl_list_append(&head, &item->link);
    }
    sl_list_foreach(item, &head, struct item, link)
    {
        count++;
        sl_list_remove(&item->link);
        free(item);
    }
    assert_int_equal(count, 5);
    assert_true(sl_list_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_of_appending),
        cmocka_unit_test(an_element_may_leave_twice_or_without_having_come),
        cmocka_unit_test(the_body_may_remove_and_free_its_entry),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
