    .section .rodata
    .global matinee_co_likes_begin, matinee_co_likes_end
matinee_co_likes_begin:
    .incbin "lib/vectors/co_likes.txt"
matinee_co_likes_end:
    .byte 0
    .section .note.GNU-stack,"",@progbits
