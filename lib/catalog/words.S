    .section .rodata
    .global matinee_function_words_begin, matinee_function_words_end
    .global matinee_common_words_begin, matinee_common_words_end
    .global matinee_english_words_begin, matinee_english_words_end
    .global matinee_spelling_words_begin, matinee_spelling_words_end
    .global matinee_never_names_begin, matinee_never_names_end
    .global matinee_nicknames_begin, matinee_nicknames_end
    .global matinee_genre_words_begin, matinee_genre_words_end
matinee_function_words_begin:
    .incbin "lib/catalog/words/function_words.txt"
matinee_function_words_end:
    .byte 0
matinee_common_words_begin:
    .incbin "lib/catalog/words/common_words.txt"
matinee_common_words_end:
    .byte 0
matinee_english_words_begin:
    .incbin "lib/catalog/words/english_words.txt"
matinee_english_words_end:
    .byte 0
matinee_spelling_words_begin:
    .incbin "lib/catalog/words/spelling_words.txt"
matinee_spelling_words_end:
    .byte 0
matinee_never_names_begin:
    .incbin "lib/catalog/words/never_names.txt"
matinee_never_names_end:
    .byte 0
matinee_nicknames_begin:
    .incbin "lib/catalog/words/nicknames.txt"
matinee_nicknames_end:
    .byte 0
matinee_genre_words_begin:
    .incbin "lib/catalog/words/genre_words.txt"
matinee_genre_words_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits
